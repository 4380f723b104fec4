package tls

import (
	"testing"
	"unsafe"
)

func TestCursor(t *testing.T) {
	data := func(n int) []byte { return record(typeAppData, counting(n)) }
	type feed struct {
		b []byte
		n int
	}
	whole := func(b []byte) feed { return feed{b, len(b)} }
	tests := []struct {
		name            string
		feeds           []feed
		remain, records int
		inSync          bool
	}{
		{"nothing was sent", nil, 0, 0, true},
		{"a whole record leaves nothing open", []feed{whole(data(100))}, 0, 1, true},
		{"half a record owes the other half", []feed{whole(data(100)[:55])}, 50, 1, true},
		{"bytes not captured count as sent", []feed{{data(100)[:5], 65}}, 40, 1, true},
		{"a gap within a record does no harm", []feed{whole(data(100)[:5]), {nil, 60}, {nil, 40}, whole(data(7)[:6])}, 6, 2, true},
		{"a header cut at each byte", []feed{whole(data(9)[:1]), whole(data(9)[1:2]), whole(data(9)[2:4]), whole(data(9)[4:7])}, 7, 1, true},
		{"a header begun owes its rest", []feed{whole(data(9)), whole(data(9)[:3])}, 2, 1, true},
		{"several records in one segment", []feed{whole(cat(data(1), data(2), data(300)[:205]))}, 100, 3, true},
		{"an empty record", []feed{whole(cat(data(0), data(3)))}, 0, 2, true},
		{"a header that was not captured loses it", []feed{{data(10)[:8], 40}}, 0, 1, false},
		{"what is no TLS loses it", []feed{whole([]byte("GET / HTTP/1.1\r\n"))}, 0, 0, false},
		{"it comes back at a segment that starts a record", []feed{{data(10)[:8], 40}, whole(data(80)[:25])}, 60, 2, true},
		{"it does not come back in what never was TLS", []feed{whole([]byte("SSH-2.0")), whole(data(80)[:25])}, 0, 0, false},
		{"it does not come back in the middle of anything", []feed{{data(10)[:8], 40}, whole(data(80)[1:25])}, 0, 1, false},
		{"it does not come back at an impossible length", []feed{{data(10)[:8], 40}, whole([]byte{23, 3, 3, 0xff, 0, 1})}, 0, 1, false},
		{"a record longer than allowed loses it", []feed{whole([]byte{23, 3, 3, 0x50, 0})}, 0, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Cursor
			for _, f := range tt.feeds {
				c.Feed(f.b, f.n)
			}
			if c.Remain() != tt.remain || c.Records() != tt.records || c.InSync() != tt.inSync {
				t.Fatalf("remain %d, records %d, in sync %v; want %d, %d, %v", c.Remain(), c.Records(), c.InSync(), tt.remain, tt.records, tt.inSync)
			}
		})
	}
}

func TestCursorSize(t *testing.T) {
	if n := unsafe.Sizeof(Cursor{}); n > 16 {
		t.Fatalf("%d bytes, want at most 16", n)
	}
}

// FuzzCursor: however a stream is cut into segments, the cursor ends up in the
// same place, unless it was lost, when only the cutting decides where it
// comes back.
func FuzzCursor(f *testing.F) {
	f.Add(cat(record(22, counting(200)), record(23, counting(30))), uint8(7))
	f.Add([]byte("\x17\x03\x03\x00\x01a\x17\x03"), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		var whole, cut Cursor
		whole.Feed(stream, len(stream))
		lost := false
		for b := stream; len(b) > 0; {
			n := min(int(step)+1, len(b))
			cut.Feed(b[:n], n)
			lost = lost || !cut.InSync()
			b = b[n:]
		}
		if whole.Remain() < 0 || whole.Remain() > maxRecord {
			t.Fatalf("remain %d", whole.Remain())
		}
		if lost == whole.InSync() {
			t.Fatalf("lost %v in pieces of %d, in sync %v as a whole", lost, step+1, whole.InSync())
		}
		if !lost && cut != whole {
			t.Fatalf("in pieces of %d: %+v, as a whole %+v", step+1, cut, whole)
		}
	})
}
