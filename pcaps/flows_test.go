package pcaps

import (
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/wire/dns"
)

const (
	rst, syn, fin, ack = capture.RST, capture.SYN, capture.FIN, capture.ACK
	ms                 = int64(time.Millisecond)
)

// conn is one TCP connection of a capture, client and server packets in order.
type conn struct {
	server netip.AddrPort
	all    []capture.Packet
	client capture.Key
}

func (c *conn) up(p *capture.Packet) bool { return p.Key == c.client }

// connsTo lists the connections to an address, in order of their SYNs.
func connsTo(t *testing.T, name, file, addr string) (out []*conn) {
	t.Helper()
	byKey := map[capture.Key]*conn{}
	for _, p := range packets(t, caseNamed(t, name), file) {
		if p.Has&capture.HasTCP == 0 {
			continue
		}
		k, _ := p.Key.Canonical()
		c := byKey[k]
		if c == nil {
			c = &conn{client: p.Key, server: netip.AddrPortFrom(p.Key.DstAddr(), p.Key.DstPort)}
			byKey[k] = c
			if c.server.Addr().String() == addr {
				out = append(out, c)
			}
		}
		c.all = append(c.all, p)
	}
	if len(out) == 0 {
		t.Fatalf("%s/%s: nothing to %s", name, file, addr)
	}
	return out
}

// hello is the index of the client's first payload.
func (c *conn) hello() int {
	for i := range c.all {
		if p := &c.all[i]; c.up(p) && p.PayloadLen > 0 {
			return i
		}
	}
	return -1
}

// rtt is the time from SYN to SYN/ACK, ns.
func (c *conn) rtt() int64 {
	for i := range c.all {
		if p := &c.all[i]; !c.up(p) && p.Flags&syn != 0 {
			return p.Time - c.all[0].Time
		}
	}
	return 0
}

// received is how many payload bytes of the server came, counted once.
func (c *conn) received() uint32 {
	var isn, high uint32
	for i := range c.all {
		p := &c.all[i]
		switch {
		case c.up(p):
		case p.Flags&syn != 0:
			isn, high = p.Seq+1, p.Seq+1
		case p.PayloadLen > 0:
			if end := p.Seq + p.PayloadLen; int32(end-high) > 0 {
				high = end
			}
		}
	}
	return high - isn
}

// answers lists the responses to each query of a capture, by name and id.
func answers(t *testing.T, name string) map[string][]dns.Message {
	t.Helper()
	out := map[string][]dns.Message{}
	for _, p := range packets(t, caseNamed(t, name), "client.pcapng") {
		if p.Has&capture.HasUDP == 0 || p.Key.SrcPort != 53 {
			continue
		}
		var m dns.Message
		if st := m.ParseUDP(p.Payload, int(p.PayloadLen)); st != dns.Done {
			t.Fatalf("%s: packet %d: %v", name, p.Num, st)
		}
		out[m.QName] = append(out[m.QName], m)
	}
	return out
}
