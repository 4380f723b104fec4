package decode

import (
	"testing"

	"chokepoint/capture"
)

func TestPeekKnowsTheCommonPackets(t *testing.T) {
	for name, frame := range map[string][]byte{
		"tcp4": ether4(tcp4(tcpHeader(ACK, tsOption), make([]byte, 100))),
		"udp4": ether4(ip4(17, udpBytes(5000, 443, make([]byte, 100)))),
		"udp6": ether(0x86dd, ip6(17, udpBytes(5000, 443, make([]byte, 100)))),
	} {
		if _, ok := Peek(&capture.Packet{Link: capture.LinkEthernet, Frame: frame}); !ok {
			t.Errorf("%s: not known", name)
		}
	}
	for name, frame := range map[string][]byte{
		"gtp-u": ether4(ip4(17, udpBytes(2152, 2152, gtpHeader(tcp4(tcpHeader(ACK, tsOption), nil))))),
		"vlan":  vlan(7, 0x86dd, ip6(17, udpBytes(5000, 443, make([]byte, 100)))),
		"arp":   ether(0x0806, make([]byte, 60)),
		"icmp":  ether4(ip4(1, make([]byte, 60))),
	} {
		if _, ok := Peek(&capture.Packet{Link: capture.LinkEthernet, Frame: frame}); ok {
			t.Errorf("%s: taken for a plain packet", name)
		}
	}
}

// FuzzPeekAgreesWithDecode is the law: what Peek knows Decode says too.
func FuzzPeekAgreesWithDecode(f *testing.F) {
	f.Add(ether4(tcp4(tcpHeader(ACK, tsOption), make([]byte, 100))), uint32(0))
	f.Add(ether4(ip4(17, udpBytes(5000, 443, make([]byte, 100)))), uint32(2000))
	f.Add(ether(0x86dd, ip6(6, tcpHeader(SYN, synOptions))), uint32(0))
	f.Add(ether4(ip4(17, udpBytes(4789, 4789, make([]byte, 60)))), uint32(0))
	f.Fuzz(func(t *testing.T, frame []byte, wire uint32) {
		p := capture.Packet{Link: capture.LinkEthernet, Frame: frame, WireLen: wire}
		shard, ok := Peek(&p)
		if !ok {
			return
		}
		var d Decoder
		d.Decode(&p)
		if p.Shard != shard || p.Has&capture.HasPorts == 0 || p.Has&(capture.HasTCP|capture.HasUDP) == 0 || p.Has&capture.IsFragment != 0 {
			t.Fatalf("peeked %x, decoded %x, has %b", shard, p.Shard, p.Has)
		}
	})
}

func BenchmarkPeek(b *testing.B) {
	p := capture.Packet{Link: capture.LinkEthernet, Frame: ether4(tcp4(tcpHeader(ACK, tsOption), make([]byte, 1000)))}
	for b.Loop() {
		Peek(&p)
	}
}
