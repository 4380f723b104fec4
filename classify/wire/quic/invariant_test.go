package quic

import (
	"bytes"
	"testing"
)

// anyLong builds a header of any version.
func anyLong(version uint32, dcid, scid string) []byte {
	b := []byte{0xc3, byte(version >> 24), byte(version >> 16), byte(version >> 8), byte(version), byte(len(dcid))}
	b = append(b, dcid...)
	b = append(b, byte(len(scid)))
	return append(append(b, scid...), "payload"...)
}

func TestAnswersOfUnknownVersions(t *testing.T) {
	const strange = 0x51474f01
	for _, tt := range []struct {
		name           string
		client, server []byte
		want           bool
	}{
		{"the server writes to the id of the client", anyLong(strange, "12345678", "abcd"), anyLong(strange, "abcd", "ABCDEFGH"), true},
		{"it negotiates", anyLong(strange, "12345678", "abcd"), anyLong(0, "abcd", "12345678"), true},
		{"it writes to another id", anyLong(strange, "12345678", "abcd"), anyLong(strange, "abce", "ABCDEFGH"), false},
		{"it speaks another version", anyLong(strange, "12345678", "abcd"), anyLong(strange+1, "abcd", "ABCDEFGH"), false},
		{"the client has no id to prove it by", anyLong(strange, "12345678", ""), anyLong(strange, "", "ABCDEFGH"), false},
		{"a client does not negotiate", anyLong(0, "12345678", "abcd"), anyLong(0, "abcd", "12345678"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ok1 := ParseInvariant(tt.client)
			s, ok2 := ParseInvariant(tt.server)
			if !ok1 || !ok2 || s.Answers(&c) != tt.want {
				t.Errorf("%v %v, %v", ok1, ok2, !tt.want)
			}
		})
	}
}

func TestWhatIsNoLongHeader(t *testing.T) {
	whole := anyLong(1, "12345678", "abcd")
	for n := range len(whole) - len("payload") {
		if _, ok := ParseInvariant(whole[:n]); ok {
			t.Errorf("%d bytes are enough", n)
		}
	}
	short := bytes.Clone(whole)
	short[0] = 0x43
	wide := bytes.Clone(whole)
	wide[5] = 21
	for _, b := range [][]byte{short, wide} {
		if _, ok := ParseInvariant(b); ok {
			t.Errorf("%x", b)
		}
	}
}

func TestWhatOpensAConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		size int
		want bool
	}{
		{"a client's first datagram", anyLong(0x51474f01, "12345678", ""), 1200, true},
		{"it is not padded", anyLong(0x51474f01, "12345678", ""), 1199, false},
		{"the id is too short to be made up", anyLong(0x51474f01, "1234567", ""), 1200, false},
		{"a negotiation", anyLong(0, "12345678", ""), 1200, false},
	} {
		if v, _ := ParseInvariant(tt.b); v.Opens(tt.size) != tt.want {
			t.Errorf("%s: %v", tt.name, !tt.want)
		}
	}
}
