package decode

import (
	"testing"

	"chokepoint/capture"
)

// BenchmarkDecode measures one packet of each common kind, both hashes
// included. The batch is large enough to leave the first-level cache.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"tcp4 data with timestamps", ether4(tcp4(tcpHeader(ACK, tsOption), make([]byte, 1000)))},
		{"tcp4 data without options", ether4(tcp4(tcpHeader(ACK, nil), make([]byte, 1000)))},
		{"tcp4 syn", ether4(tcp4(tcpHeader(SYN, synOptions), nil))},
		{"udp4", ether4(ip4(17, udpBytes(5000, 443, make([]byte, 100))))},
		{"udp6 in a vlan", vlan(7, 0x86dd, ip6(17, udpBytes(5000, 443, make([]byte, 100))))},
		{"arp", ether(0x0806, make([]byte, 28))},
		{"tcp4 in gtp-u", ether4(ip4(17, udpBytes(2152, 2152, gtpHeader(tcp4(tcpHeader(ACK, tsOption), make([]byte, 1000))))))},
	} {
		b.Run(c.name, func(b *testing.B) {
			batch := make([]capture.Packet, 256)
			for i := range batch {
				batch[i] = capture.Packet{Link: capture.LinkEthernet, Frame: c.frame, WireLen: uint32(len(c.frame))}
			}
			d := Decoder{Seed: 42}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.Decode(&batch[i&255])
			}
		})
	}
}
