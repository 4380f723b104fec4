package answer

import (
	"net/netip"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// maxPeers bounds the addresses remembered at which a service worked.
const maxPeers = 64

// portals are the addresses that resolvers gave for names of two or more parties: of
// messengers, which do not share hosts, that is a gateway's own.
func portals(w *fact.World, r rules) map[netip.Addr]bool {
	out, first := map[netip.Addr]bool{}, map[netip.Addr]string{}
	if w == nil {
		return out
	}
	for name, n := range w.Names { // a set: the order does not show
		l := r.Classify(&service.Evidence{QName: name})
		party := l.Family
		if party == "" {
			party = l.Service
		}
		for i := range n.Answers {
			for _, a := range n.Answers[i].Addrs {
				if p, known := first[a]; known && p != party {
					out[a] = true
				}
				first[a] = party
			}
		}
	}
	return out
}

// captive: a gateway answered for the service's names, and nothing was reached under
// them but the gateway.
func (v *view) captive(r rules) bool {
	if !v.benign["captive_portal"] {
		return false
	}
	gates := portals(v.world, r)
	for a := range v.seen.peers {
		if !gates[a] {
			return false
		}
	}
	return len(v.about) == 0
}
