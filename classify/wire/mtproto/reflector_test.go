package mtproto

import (
	"bytes"
	"testing"
)

// tag is a peer tag: twelve bytes of the call, four of the caller.
const (
	tag    = "1f8a03c45d2e97b06a41fcd2 0a0b0c0d"
	twelve = "ffffffffffffffffffffffff"
)

func TestReflector(t *testing.T) {
	tests := []struct {
		name, datagram string
		want           ReflectorKind
	}{
		{"tgcalls' hello", tag + twelve + "feffffff 000000000000007b", ReflectorPing},
		{"libtgvoip's hello", tag + twelve + "feffffff 28f946112601a2f0", ReflectorLegacy},
		{"libtgvoip's request for endpoints", tag + twelve + "ffffffff", ReflectorLegacy},
		{"the answer to a hello", tag + twelve + "c77215c0 01653b67 000000000000007b 00000000000000000000ffff c0000201 39300000", ReflectorReply},
		{"the answer to a request for endpoints", tag + twelve + "1c37d927 c0000201 5ddc0000 c0000202 33ed0000", ReflectorReply},
		{"an unknown code", tag + twelve + "01020304", ReflectorSpecial},
		{"thirteen ff", tag + twelve + "ff020304", ReflectorNone},
		{"eleven ff", tag + "fffffffffffffffffffffffe feffffff 000000000000007b", ReflectorNone},
		{"a hello of 44 bytes", tag + twelve + "feffffff 000000000000007b 00000000", ReflectorSpecial},
		{"ff all over", twelve + "ffffffff" + twelve + "feffffff 000000000000007b", ReflectorNone},
		{"zeros for a tag", "00000000000000000000000000000000" + twelve + "feffffff 000000000000007b", ReflectorNone},
		{"a wake-on-LAN packet", "ffffffffffff 001122334455 001122334455 001122334455 001122334455 001122334455", ReflectorNone},
		{"no multiple of four", tag + twelve + "01020304 05", ReflectorNone},
		{"cut at the mark", tag + twelve, ReflectorNone},
		{"a STUN request", "000100002112a442" + "0102030405060708090a0b0c", ReflectorNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.datagram)
			if got := Reflector(b, len(b)); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
	hello := unhex(t, tag+twelve+"feffffff 000000000000007b")
	if got := Reflector(hello[:32], 40); got != ReflectorLegacy {
		t.Errorf("a hello cut before its query id is %v", got)
	}
}

func TestReflectorData(t *testing.T) {
	hello := unhex(t, tag+twelve+"feffffff 000000000000007b")
	const data = "1f8a03c45d2e97b06a41fcd2 0c0d0e0f 01020304"
	tests := []struct {
		name, datagram string
		first          []byte
		want           bool
	}{
		{"five bytes, padded", data + "00000005 8081828384 000000", hello, true},
		{"eight bytes", data + "00000008 8081828384858687", hello, true},
		{"a length of more than is there", data + "00000009 8081828384858687", hello, false},
		{"a length of less by four", data + "00000004 8081828384858687", hello, false},
		{"no bytes", data + "00000000", hello, false},
		{"a length that overflows", data + "ffffffff", hello, false},
		{"another call's tag", "2f8a03c45d2e97b06a41fcd2 0c0d0e0f 01020304 00000008 8081828384858687", hello, false},
		{"a hello", tag + twelve + "feffffff 000000000000007b", hello, false},
		{"nothing to compare with", data + "00000008 8081828384858687", nil, false},
		{"a counter for a tag", "000000000000000000000001 00000000 00000000 00000008 8081828384858687", make([]byte, 40), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.datagram)
			if got := ReflectorData(b, len(b), tt.first); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
	long := append(unhex(t, data+"00000064"), make([]byte, 8)...)
	if !ReflectorData(long, 24+100, hello) {
		t.Error("a datagram cut by capturing is not found")
	}
	same := unhex(t, "000000000000000000000000 00000000 00000000 00000008 8081828384858687")
	if ReflectorData(same, len(same), same) {
		t.Error("twelve zeros are no tag")
	}
}

// FuzzReflector holds that no datagram is both media and something else, and
// that bytes behind the first 40 do not matter to what it is.
func FuzzReflector(f *testing.F) {
	f.Add(unhex(f, tag+twelve+"feffffff 000000000000007b"), 40)
	f.Add(unhex(f, tag+"01020304 00000008 8081828384858687"), 32)
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		k := Reflector(b, wireLen)
		if k != ReflectorNone && ReflectorData(b, wireLen, b) && wireLen < 1<<30 {
			t.Fatalf("%v and media", k)
		}
		if len(b) > pingLen && wireLen >= len(b) && Reflector(b[:pingLen], wireLen) != k {
			t.Fatalf("%v, of 40 bytes %v", k, Reflector(b[:pingLen], wireLen))
		}
		if k == ReflectorPing && (wireLen != 40 || !bytes.HasSuffix(b[:40], []byte{0, 0, 0, 123})) {
			t.Fatalf("a ping of %x", b)
		}
	})
}
