package dtls

import "testing"

func TestRecord(t *testing.T) {
	unified13 := func(first byte, head int, n int) []byte {
		b := make([]byte, head+n)
		b[0], b[head-2], b[head-1] = first, byte(n>>8), byte(n)
		return b
	}
	hello := datagram(0, counting(100), 0, 100)
	tests := []struct {
		name    string
		b       []byte
		typ     byte
		version uint16
		n       int
		ok      bool
	}{
		{"a hello", hello, Handshake, DTLS12, len(hello), true},
		{"a record cut by the capture", hello[:50], Handshake, DTLS12, len(hello), true},
		{"two in a datagram", append(record(ChangeCipherSpec, DTLS10, 0, []byte{1}), hello...), ChangeCipherSpec, DTLS10, 14, true},
		{"an alert", record(Alert, DTLS12, 1, counting(26)), Alert, DTLS12, 39, true},
		{"data of a VPN that kept OpenSSL's version", record(ApplicationData, BadVersion, 1, counting(60)), ApplicationData, BadVersion, 73, true},
		{"empty data", record(ApplicationData, DTLS12, 1, nil), ApplicationData, DTLS12, 13, true},
		{"a connection id of unknown length", record(WithCID, DTLS12, 1, counting(40)), WithCID, DTLS12, 53, true},
		{"an acknowledgement of DTLS 1.3", record(ACK, DTLS12, 0, counting(18)), ACK, DTLS12, 31, true},
		{"a unified header", unified13(0x2e, 5, 60), Encrypted, DTLS13, 65, true},
		{"a unified header with a short number", unified13(0x27, 4, 16), Encrypted, DTLS13, 20, true},

		{"nothing", nil, 0, 0, 0, false},
		{"half a header", hello[:12], 0, 0, 0, false},
		{"an empty handshake", record(Handshake, DTLS12, 0, nil), 0, 0, 0, false},
		{"a record that is too long", append([]byte{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, counting(99)...), 0, 0, 0, false},
		{"TLS", []byte{22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0}, 0, 0, 0, false},
		{"an unknown version", record(Handshake, 0xfefe, 0, counting(40)), 0, 0, 0, false},
		{"a STUN binding request", append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, counting(12)...), 0, 0, 0, false},
		{"TURN channel data", append([]byte{0x40, 0, 0, 32}, counting(32)...), 0, 0, 0, false},
		{"RTP", append([]byte{0x80, 0x60}, counting(40)...), 0, 0, 0, false},
		{"QUIC", append([]byte{0xc3, 0, 0, 0, 1}, counting(40)...), 0, 0, 0, false},
		{"a connection id is not for DTLS 1.0", record(WithCID, DTLS10, 1, counting(40)), 0, 0, 0, false},
		{"a unified header without a length", unified13(0x2a, 5, 60), 0, 0, 0, false},
		{"a unified header with a connection id", unified13(0x3e, 5, 60), 0, 0, 0, false},
		{"a unified header with next to nothing", unified13(0x2e, 5, 15), 0, 0, 0, false},
		{"the first bytes of a unified header", []byte{0x2e, 1, 2, 0}, 0, 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ, version, n, ok := Record(tt.b)
			if ok != tt.ok || ok && (typ != tt.typ || version != tt.version || n != tt.n) {
				t.Fatalf("%d, %04x, %d, %v; want %d, %04x, %d, %v", typ, version, n, ok, tt.typ, tt.version, tt.n, tt.ok)
			}
		})
	}
}

// TestRecordKeepsOutOfTheOthersBytes: RFC 7983 gives DTLS the first bytes 20 to
// 63, and no other will do.
func TestRecordKeepsOutOfTheOthersBytes(t *testing.T) {
	b := record(Handshake, DTLS12, 0, counting(99))
	for first := range 256 {
		b[0] = byte(first)
		if _, _, _, ok := Record(b); ok && (first < 20 || first > 63) {
			t.Errorf("first byte %d", first)
		}
	}
}
