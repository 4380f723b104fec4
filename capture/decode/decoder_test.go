package decode

import (
	"slices"
	"testing"

	"chokepoint/capture"
)

// one is what a case expects: unset fields are not looked at.
type one struct {
	has, lacks capture.Fields
	src, dst   string
	proto      uint8
	ports      [2]uint16
	payload    string
	length     int // PayloadLen; 0 means that of payload
	outer      capture.TunnelKind
	depth      uint8
	vlan       uint16
	counts     Cause // the only counter that is not zero
}

func TestDecode(t *testing.T) {
	const data = "payload bytes"
	const v4, v6 = capture.HasIP | capture.HasIPID, capture.HasIP | capture.HasIPv6
	const tcp, udp = capture.HasTCP | capture.HasPorts, capture.HasUDP | capture.HasPorts
	want := map[string]one{
		"tcp4":                {has: v4 | tcp | capture.HasTS | capture.HasDF, proto: 6, payload: data},
		"tcp4 syn":            {has: v4 | tcp | capture.HasTS | capture.HasMSS | capture.HasWScale | capture.HasSACKOK, proto: 6},
		"tcp4 padded":         {has: v4 | tcp, proto: 6},
		"tcp4 mptcp reset":    {has: v4 | tcp | capture.HasMPTCP | capture.HasTCPRST, proto: 6},
		"tcp4 sack":           {has: v4 | tcp | capture.HasSACK, proto: 6},
		"tcp4 ip options":     {has: v4 | tcp, lacks: capture.HasDF | capture.BadIPSum, proto: 6, payload: data},
		"tcp6":                {has: v6 | tcp | capture.HasTS, lacks: capture.HasIPID, proto: 6, payload: data},
		"udp4":                {has: v4 | udp, proto: 17, payload: data},
		"udp6 vlan":           {has: v6 | udp | capture.HasVLAN, proto: 17, payload: data, vlan: 7},
		"udp6 extensions":     {has: v6 | udp, proto: 17, payload: data},
		"fragment4":           {has: v4 | capture.IsFragment, lacks: udp, proto: 17, payload: string(udpBytes(5000, 443, []byte(data)))},
		"fragment6":           {has: v6 | capture.IsFragment, lacks: udp, proto: 17, payload: string(udpBytes(5000, 443, []byte(data)))},
		"ah4":                 {has: v4 | tcp, proto: 6, payload: data},
		"icmp4 unreachable":   {has: v4 | capture.HasICMP | capture.HasQuoted, lacks: capture.HasPorts, proto: 1, length: 65},
		"icmp6 too big":       {has: v6 | capture.HasICMP | capture.HasQuoted, lacks: capture.HasPorts, proto: 58, length: 73},
		"qinq":                {has: v4 | udp | capture.HasVLAN, proto: 17, payload: data, vlan: 5},
		"snap":                {has: v4 | udp, proto: 17, payload: data},
		"pppoe":               {has: v4 | udp, proto: 17, payload: data},
		"mpls":                {has: v4 | udp, proto: 17, payload: data},
		"mpls pseudowire":     {has: v4 | tcp, proto: 6, payload: data},
		"4in4":                {has: v4 | udp, proto: 17, payload: data, outer: capture.TunnelIPIP, depth: 1},
		"6in4":                {has: v6 | udp, lacks: capture.HasIPID, proto: 17, payload: data, outer: capture.TunnelIPIP, depth: 1},
		"gre":                 {has: v4 | udp, proto: 17, payload: data, outer: capture.TunnelGRE, depth: 1},
		"gre bridged":         {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelGRE, depth: 1},
		"pptp":                {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelGRE, depth: 1},
		"erspan1":             {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelERSPAN, depth: 1},
		"erspan2":             {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelERSPAN, depth: 1},
		"erspan3":             {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelERSPAN, depth: 1},
		"vxlan":               {has: v4 | tcp, lacks: capture.HasUDP, proto: 6, payload: data, outer: capture.TunnelVXLAN, depth: 1},
		"gtpu":                {has: v4 | tcp, lacks: capture.HasUDP, proto: 6, payload: data, outer: capture.TunnelGTPU, depth: 1},
		"gtpu extended":       {has: v4 | tcp, proto: 6, payload: data, outer: capture.TunnelGTPU, depth: 1},
		"teredo":              {has: v6 | udp, src: "2001:0:0:0::1", dst: "2001:db8::2", proto: 17, payload: data, outer: capture.TunnelTeredo, depth: 1},
		"null tcp4":           {has: v4 | tcp, proto: 6, payload: data},
		"loop udp6":           {has: v6 | udp, proto: 17, payload: data},
		"sll tcp4":            {has: v4 | tcp, proto: 6, payload: data},
		"sll2 tcp4":           {has: v4 | tcp, proto: 6, payload: data},
		"raw tcp4":            {has: v4 | tcp, proto: 6, payload: data},
		"ipv6 udp":            {has: v6 | udp, proto: 17, payload: data},
		"sll udp4 in an vlan": {has: v4 | udp | capture.HasVLAN, proto: 17, payload: data, vlan: 3},
	}
	for name, frame := range samples() {
		t.Run(name, func(t *testing.T) {
			w, ok := want[name]
			if !ok {
				t.Fatal("no expectation")
			}
			p, d := decoded(sampleLink(name), frame)
			w.defaults(&p)
			w.check(t, &p, d)
		})
	}
}

// defaults fills in the endpoints all well-formed samples share.
func (w *one) defaults(p *capture.Packet) {
	if w.src == "" && p.Has&capture.HasIPv6 == 0 {
		w.src, w.dst = "192.0.2.1", "198.51.100.2"
	} else if w.src == "" {
		w.src, w.dst = "2001:db8::1", "2001:db8::2"
	}
	switch {
	case w.has&capture.HasTCP != 0:
		w.ports = [2]uint16{40000, 443}
	case w.has&capture.HasUDP != 0:
		w.ports = [2]uint16{5000, 443}
	}
}

func (w *one) check(t *testing.T, p *capture.Packet, d *Decoder) {
	t.Helper()
	checkLaws(t, p)
	if p.Has&w.has != w.has || p.Has&w.lacks != 0 {
		t.Errorf("Has %#x: want %#x and not %#x", p.Has, w.has, w.lacks)
	}
	if w.src != "" && (p.Key.SrcAddr().String() != clean(w.src) || p.Key.DstAddr().String() != clean(w.dst)) {
		t.Errorf("%v > %v, want %s > %s", p.Key.SrcAddr(), p.Key.DstAddr(), w.src, w.dst)
	}
	if p.Key.Proto != w.proto || p.Key.SrcPort != w.ports[0] || p.Key.DstPort != w.ports[1] {
		t.Errorf("proto %d ports %d > %d, want %d, %v", p.Key.Proto, p.Key.SrcPort, p.Key.DstPort, w.proto, w.ports)
	}
	if w.length == 0 {
		w.length = len(w.payload)
		if string(p.Payload) != w.payload {
			t.Errorf("payload %q, want %q", p.Payload, w.payload)
		}
	}
	if int(p.PayloadLen) != w.length {
		t.Errorf("PayloadLen %d, want %d", p.PayloadLen, w.length)
	}
	if has := p.Has&capture.HasOuter != 0; has != (w.outer != 0) || has && (p.Outer.Kind != w.outer || p.Outer.Depth != w.depth) {
		t.Errorf("outer %v %+v, want %d deep %d", has, p.Outer, w.outer, w.depth)
	}
	if p.VLAN != w.vlan {
		t.Errorf("VLAN %d, want %d", p.VLAN, w.vlan)
	}
	var counts Counts
	if w.counts != None {
		counts[w.counts] = 1
	}
	if d.Counts != counts {
		t.Errorf("counts %v, want one %v", d.Counts, w.counts)
	}
}

func TestDecodeFieldsOfATCPSegment(t *testing.T) {
	p, d := decoded(capture.LinkEthernet, samples()["tcp4 syn"])
	got := []any{p.IPLen, p.TTL, p.TOS, p.IPID, p.Flags, p.Window, p.Seq, p.Ack, p.TSval, p.TSecr, p.MSS, p.WScale, p.OptsLen, p.Segs}
	want := []any{uint32(60), uint8(64), uint8(46 << 2), uint16(4242), SYN, uint16(512), uint32(1000), uint32(2000), uint32(100), uint32(0), uint16(1460), uint8(7), uint8(20), uint16(1)}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if p.Shard != p.Key.Hash(0) || p.Hash != p.Key.Hash(d.Seed) || p.Shard == p.Hash {
		t.Error("hashes are not the key's")
	}
	if p.Num != 1 || p.Time != 2 || p.If != 3 {
		t.Error("the source's fields were touched")
	}
	p, _ = decoded(capture.LinkEthernet, samples()["tcp4 sack"])
	if p.NSACK != 2 || p.SACK[0] != [2]uint32{10, 20} || p.SACK[1] != [2]uint32{30, 40} {
		t.Errorf("SACK %d %v", p.NSACK, p.SACK)
	}
	p, _ = decoded(capture.LinkEthernet, ether4(tcp4(tcpHeader(0xfff, nil), nil)))
	if p.Flags != 0xfff || p.Flags&capture.Reserved != capture.Reserved || p.Flags&capture.NS == 0 {
		t.Errorf("flags %#x, want all of them", p.Flags)
	}
}

func TestOuterIsTheOutermostTunnel(t *testing.T) {
	inner := tcp4(tcpHeader(ACK, nil), []byte("x"))
	for range 3 {
		inner = outer4(4, inner)
	}
	p, _ := decoded(capture.LinkEthernet, ether4(ip4opt(47, client4, outerB, nil, 0, join([]byte{0, 0, 8, 0}, inner))))
	if p.Has&capture.HasTCP == 0 || p.Outer.Kind != capture.TunnelGRE || p.Outer.Depth != 4 {
		t.Errorf("outer %+v", p.Outer)
	}
	if p.Outer.TTL != 64 || [4]byte(p.Outer.Src[12:]) != [4]byte(client4) || [4]byte(p.Outer.Dst[12:]) != [4]byte(outerB) {
		t.Errorf("outer header %+v", p.Outer)
	}
	p, d := decoded(capture.LinkEthernet, ether4(outer4(4, outer4(4, inner))))
	if p.Outer.Depth != 4 || p.Key.Proto != protoIPIP || d.Counts[TunnelTooDeep] != 1 {
		t.Errorf("the fifth tunnel was entered: %+v, proto %d, %v", p.Outer, p.Key.Proto, d.Counts)
	}
}

func TestWireSegmentsAreTheSourcesToSay(t *testing.T) {
	var d Decoder
	p := capture.Packet{Frame: make([]byte, 60), Link: capture.LinkEthernet, Has: capture.HasSegs, Segs: 3}
	if d.Decode(&p); p.Segs != 3 {
		t.Errorf("a live source said 3, decoded %d", p.Segs)
	}
	p.Has = capture.Decoded
	if d.Decode(&p); p.Segs != 1 {
		t.Errorf("left over %d", p.Segs)
	}
}
