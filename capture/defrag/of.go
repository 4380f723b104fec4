package defrag

import (
	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Fixed header lengths (RFC 791 section 3.1, RFC 8200 section 3).
const (
	ipv4Len = 20
	ipv6Len = 40
)

// Of returns the fragment that a decoded packet carries, behind whatever link
// headers and tunnels. It reports false for everything else, whole datagrams
// included.
func Of(p *capture.Packet) (Fragment, bool) {
	d, ok := decode.FragmentOf(p)
	if !ok {
		return Fragment{}, false
	}
	return Fragment{
		Src: p.Key.Src, Dst: p.Key.Dst, V6: p.Has&capture.HasIPv6 != 0, Proto: d.Next, If: p.If, ID: d.ID,
		Off: int(p.FragOff), More: d.More, Time: p.Time,
		Header: d.IP[:d.HeaderLen], NextAt: d.NextAt, Data: p.Payload, Len: int(p.PayloadLen),
	}, true
}
