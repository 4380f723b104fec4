package stream

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestBufferAgreesWithAnArray is the law: whatever the order, overlap and
// sequence wrap, the bytes in order are those of the stream, first come.
func TestBufferAgreesWithAnArray(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const quota = 300
		base := rapid.Uint32().Draw(t, "base")
		want := make([]byte, quota)
		have := make([]bool, quota)
		var b Buffer
		b.Start(base, quota)
		for range rapid.IntRange(1, 30).Draw(t, "segments") {
			off := rapid.IntRange(-20, quota+20).Draw(t, "off")
			payload := rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 80).Draw(t, "payload")
			r := b.Add(base+uint32(off), payload)
			if r.Refused {
				continue
			}
			conflict, fresh, again := false, 0, 0
			for i, c := range payload {
				at := off + i
				if at < 0 || at >= quota {
					continue
				}
				switch {
				case !have[at]:
					have[at], want[at] = true, c
					fresh++
				case want[at] != c:
					conflict = true
				default:
					again++
				}
			}
			if r.New != fresh || r.Conflict != conflict || !conflict && r.Repeated != again {
				t.Fatalf("at %d len %d: %+v, want new %d conflict %v repeated %d", off, len(payload), r, fresh, conflict, again)
			}
		}
		n := 0
		for n < quota && have[n] {
			n++
		}
		if !bytes.Equal(b.Bytes(), want[:n]) {
			t.Fatalf("%v, want %v", b.Bytes(), want[:n])
		}
	})
}

func TestSegmentsFarAheadAreRefused(t *testing.T) {
	var b Buffer
	b.Start(0, 1<<20)
	if r := b.Add(maxGap+1, []byte("x")); !r.Refused {
		t.Fatal("kept")
	}
	if b.Cap() != 0 {
		t.Fatalf("%d bytes allocated for a segment that was not kept", b.Cap())
	}
}

func TestConflictIsLocated(t *testing.T) {
	var b Buffer
	b.Start(100, 1000)
	b.Add(100, []byte("HTTP/1.1 302"))
	r := b.Add(105, []byte("1.1 200 OK"))
	if !r.Conflict || r.At != 9 || r.Span != 7 || r.New != 3 {
		t.Fatalf("%+v", r)
	}
	if got := string(b.Bytes()); got != "HTTP/1.1 302 OK" {
		t.Fatalf("%q: the first bytes hold", got)
	}
}

func TestReuseDoesNotAllocate(t *testing.T) {
	var b Buffer
	p := make([]byte, 600)
	if n := testing.AllocsPerRun(100, func() {
		b.Start(7, 4096)
		b.Add(607, p)
		b.Add(7, p)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
