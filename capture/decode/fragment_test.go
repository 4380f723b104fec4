package decode

import (
	"bytes"
	"testing"

	"chokepoint/capture"
)

func TestFragmentOf(t *testing.T) {
	dgram := udpBytes(5000, 443, []byte("payload bytes"))
	frag6 := join([]byte{17, 0}, u16(24|1), u32(70001), dgram)
	for name, c := range map[string]struct {
		frame []byte
		off   uint16
		want  Fragment
	}{
		"first of IPv4":              {ether4(ip4opt(17, client4, server4, nil, 0x2000, dgram)), 0, Fragment{HeaderLen: 20, ID: 4242, Next: 17, More: true}},
		"last of IPv4, with options": {ether4(ip4opt(17, client4, server4, []byte{1, 1, 1, 0}, 185, dgram)), 1480, Fragment{HeaderLen: 24, ID: 4242, Next: 17}},
		"within a tunnel":            {ether4(outer4(4, ip4opt(6, client4, server4, nil, 0x2001, dgram))), 8, Fragment{HeaderLen: 20, ID: 4242, Next: 6, More: true}},
		"IPv6":                       {ether6(ip6(44, frag6)), 24, Fragment{HeaderLen: 40, NextAt: 6, ID: 70001, Next: 17, More: true}},
		"IPv6 behind an extension":   {ether6(ip6(60, join([]byte{44, 0, 1, 4, 0, 0, 0, 0}, frag6))), 24, Fragment{HeaderLen: 48, NextAt: 40, ID: 70001, Next: 17, More: true}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := decoded(capture.LinkEthernet, c.frame)
			f, ok := FragmentOf(&p)
			if !ok || p.FragOff != c.off || !bytes.Equal(p.Payload, dgram) {
				t.Fatalf("fragment %v at %d with %q", ok, p.FragOff, p.Payload)
			}
			if len(f.IP) != int(p.IPLen) || !bytes.HasSuffix(f.IP, p.Payload) {
				t.Errorf("IP is %x", f.IP)
			}
			if f.IP = nil; f.HeaderLen != c.want.HeaderLen || f.NextAt != c.want.NextAt || f.ID != c.want.ID || f.Next != c.want.Next || f.More != c.want.More {
				t.Errorf("got %+v, want %+v", f, c.want)
			}
		})
	}
	p, _ := decoded(capture.LinkEthernet, samples()["udp4"])
	if _, ok := FragmentOf(&p); ok {
		t.Error("a whole datagram is no fragment")
	}
}

func TestDecodeIPKeepsWhatTheFragmentsTaught(t *testing.T) {
	frag := vlan(9, 0x0800, outer4(4, ip4opt(17, client4, server4, nil, 0x2000, make([]byte, 16))))
	p, d := decoded(capture.LinkEthernet, frag)
	whole := ip4(17, udpBytes(5000, 443, []byte("payload bytes")))
	d.DecodeIP(&p, whole)
	const want = capture.Decoded | capture.Reassembled | capture.HasVLAN | capture.HasOuter | capture.HasUDP | capture.HasPorts
	if p.Has&want != want || p.Has&capture.IsFragment != 0 || p.VLAN != 9 || p.Outer.Kind != capture.TunnelIPIP || p.Outer.Depth != 1 {
		t.Errorf("Has %#x, VLAN %d, outer %+v", p.Has, p.VLAN, p.Outer)
	}
	if p.Num != 1 || p.Time != 2 || p.If != 3 || string(p.Payload) != "payload bytes" || p.Key.DstPort != 443 {
		t.Errorf("packet %+v", p)
	}
	if p.Hash != p.Key.Hash(d.Seed) {
		t.Error("the hash is that of the fragment")
	}
	d.DecodeIP(&p, []byte{0x10})
	if p.Has&capture.HasIP != 0 || d.Counts[BadIPVersion] != 1 {
		t.Errorf("no IP at all: Has %#x, %v", p.Has, d.Counts)
	}
}
