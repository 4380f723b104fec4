package service

// ports are the rules for ports by transport and upper byte: most ports have
// none, and a flow should not have to look at all.
type ports [transportCount][256][]*portRule

func (x *ports) add(p *portRule) {
	page := &x[transportOf(p.proto)]
	for hi := int(p.lo >> 8); hi <= int(p.hi>>8); hi++ {
		page[hi] = append(page[hi], p)
	}
}

// bestPort returns the heaviest rule for a flow's port: of a service, of any
// service of an owner, or of all.
func (r *Rules) bestPort(e *Evidence, owner string, s *svc) *portRule {
	var best *portRule
	for _, p := range r.ports[transportOf(e.Proto)][e.Port>>8] {
		if p.proto != e.Proto || e.Port < p.lo || e.Port > p.hi || s != nil && p.svc != s || owner != "" && p.svc.owner != owner {
			continue
		}
		if best == nil || scale(p.weight, p.sure) > scale(best.weight, best.sure) {
			best = p
		}
	}
	return best
}

func (p *portRule) why() Why { return Why{"port", p.text, scale(p.weight, p.sure)} }
