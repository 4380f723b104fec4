package box

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func TestWhatIsTooBigIsLostSilently(t *testing.T) {
	x := newBench(&Pipe{MTU: 1400}, 1)
	for i, size := range []int{1400, 1401, 1500} {
		x.In(epoch, Up, datagram(t, home4, far4, size, i))
		x.In(epoch, Up, datagram(t, home6, far6, size, i))
	}
	if x.rest(); len(x.out) != 2 || x.count(Lost) != 4 {
		t.Errorf("%d came out, %d lost, want 2 and 4", len(x.out), x.count(Lost))
	}
}

func TestARouterSaysWhatFits(t *testing.T) {
	for _, ends := range [][2]netip.Addr{{home4, far4}, {home6, far6}} {
		x := newBench(&Pipe{MTU: 1400, PTB: true, Delay: 5 * time.Millisecond}, 1)
		x.Near[Down] = &Pipe{Delay: 2 * time.Millisecond, Hops: 3}
		sent := datagram(t, ends[0], ends[1], 1500, 1)
		x.In(epoch, Up, sent)
		x.rest()
		if len(x.out) != 1 || x.out[0].dir != Down || x.out[0].at != 7*time.Millisecond || x.count(Lost) != 1 || len(x.log) != 1 {
			t.Fatalf("%v: out %v, log %v", ends, x.out, x.log)
		}
		checkAnswer(t, x.out[0].frame, sent, ends[0])
		if tooBigAnswer(x.Decode(Up, x.out[0].frame), 100) != nil {
			t.Error("an ICMP error would be answered")
		}
	}
}

// checkAnswer wants the answer to a packet of 1500 bytes that met an MTU of 1400.
func checkAnswer(t *testing.T, frame, sent []byte, to netip.Addr) {
	t.Helper()
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if p.ErrorLayer() != nil || ttlOf(frame) != 61 || !bytes.Equal(frame[:6], sent[6:12]) || !bytes.Equal(frame[6:12], sent[:6]) {
		t.Fatalf("answer is %v", p)
	}
	var icmp gopacket.SerializableLayer
	var payload, quote []byte
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
		l := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if l.TypeCode != layers.CreateICMPv4TypeCode(3, 4) || l.Seq != 1400 || ip.DstIP.String() != to.String() || ip.Length != 576 {
			t.Errorf("answer is %v", p)
		}
		icmp, payload, quote = l, l.Payload, l.Payload
	} else {
		ip, l := p.NetworkLayer().(*layers.IPv6), p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		if l.TypeCode != layers.CreateICMPv6TypeCode(2, 0) || !bytes.Equal(l.Payload[:4], []byte{0, 0, 1400 >> 8, 1400 & 255}) || ip.DstIP.String() != to.String() || ip.Length != 1240 {
			t.Errorf("answer is %v", p)
		}
		l.SetNetworkLayerForChecksum(ip)
		icmp, payload, quote = l, l.Payload, l.Payload[4:]
	}
	if !bytes.HasPrefix(sent[ethernet:], quote) || len(quote) < 500 {
		t.Error("the packet is not quoted")
	}
	buf := gopacket.NewSerializeBuffer()
	gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true},
		p.LinkLayer().(*layers.Ethernet), p.NetworkLayer().(gopacket.SerializableLayer), icmp, gopacket.Payload(payload))
	if !bytes.Equal(buf.Bytes(), frame) {
		t.Errorf("gopacket would send\n% x, not\n% x", buf.Bytes()[:60], frame[:60])
	}
}
