package decode

import (
	"testing"

	"chokepoint/capture"
)

// TestBigTCP: what Linux merged to more than IP can say is as long as the frame, and
// the option that says so is on no wire.
func TestBigTCP(t *testing.T) {
	const bytes = 100_000
	segment := join(tcpHeader(ACK, tsOption), make([]byte, bytes))
	headers := uint32(len(segment) - bytes)
	// Nothing has its length where it would be: they are longer than 65535 bytes.
	four := ip4(capture.ProtoTCP, segment)
	clear(four[2:4])
	clear(four[10:12]) // the checksum is of the length that it had
	jumbo := join([]byte{capture.ProtoTCP, 0, 0xc2, 4}, u32(jumboLen+len(segment)))
	six := ip6(0, join(jumbo, segment))
	clear(six[4:6])
	plain := ip6(capture.ProtoTCP, segment)
	clear(plain[4:6])
	other := ip6(0, join([]byte{capture.ProtoTCP, 0, 1, 4, 0, 0, 0, 0}, segment)) // padding
	clear(other[4:6])
	for name, c := range map[string]struct {
		frame []byte
		ip    uint32 // header
	}{
		"IPv4": {ether4(four), 20}, "IPv6": {ether6(six), 40}, "IPv6 without the option": {ether6(plain), 40},
		"another option": {ether6(other), 48},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := decoded(capture.LinkEthernet, c.frame)
			if p.PayloadLen != bytes || p.IPLen != c.ip+headers+bytes || p.Has&capture.HasTCP == 0 {
				t.Errorf("payload %d, IP %d, %v", p.PayloadLen, p.IPLen, p.Has)
			}
			short := c.frame[:120]
			q := capture.Packet{Frame: short, WireLen: uint32(len(c.frame)), Link: capture.LinkEthernet}
			var d Decoder
			d.Decode(&q)
			if q.PayloadLen != bytes || q.IPLen != p.IPLen {
				t.Errorf("cut: payload %d, IP %d", q.PayloadLen, q.IPLen)
			}
		})
	}
}
