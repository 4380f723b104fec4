package classify

import (
	"net/netip"
	"slices"

	"chokepoint/capture"
)

// stranger reports whether a flow is of no service: not by the little that is at
// hand, nor can what other flows said of it make it one. Most flows are, and are
// not worth more.
func (r *run) stranger(l labelled, key *capture.Key) bool {
	if r.seen.arranged.knows(key) {
		return false
	}
	if l.sni != "" && r.opt.Rules.Unheard(l.sni, l.server) && !r.front(l.sni) {
		return true // what the client resolved does not count beside a name of its own
	}
	x := r.label(l)
	if x.Service != "" {
		return false
	}
	return x.Family == "" || !r.seen.sessions.knows(l.client, x.Family)
}

// knows reports whether anything was ever said of either end of a flow.
func (a *arrangements) knows(k *capture.Key) bool {
	if k.Proto != capture.ProtoUDP || len(a.of) == 0 {
		return false
	}
	from, _ := endOf(netip.AddrPortFrom(k.SrcAddr(), k.SrcPort), k.Proto)
	to, _ := endOf(netip.AddrPortFrom(k.DstAddr(), k.DstPort), k.Proto)
	_, client := a.of[from]
	_, server := a.of[to]
	return client || server
}

// knows reports whether a client ever used a service of a family.
func (s *sessions) knows(client netip.Addr, family string) bool {
	return slices.ContainsFunc(s.of[client], func(l live) bool { return l.family == family })
}
