package service

import (
	"net/netip"
	"slices"
)

// Hit is one rule that speaks of a name or an address.
type Hit struct {
	Service  string // "" for what is no service: a resolver, a list of names
	Owner    string // family, else service; "" when the rule does not tell
	Function string
	Rule     string // "suffix whatsapp.net", "dedicated 149.154.160.0/20", "must_exist", "resolver google"
	Wins     bool   // the rule that labels
	Weight   int    // percent, conf included, of that rule alone
	Conf     string
	Sources  []string
	Note     string
	File     string
	Line     int
}

// Match explains why a name or an address would be labelled as it would: every
// rule that speaks of it, the one that wins first.
func (r *Rules) Match(nameOrAddr string) []Hit {
	if a, err := netip.ParseAddr(nameOrAddr); err == nil {
		return r.matchAddr(plain(a))
	}
	return r.matchName(nameOrAddr)
}

func (r *Rules) matchName(name string) []Hit {
	var buf [maxName]byte
	folded := fold(name, &buf)
	rules := r.names.all(folded, nil)
	slices.SortStableFunc(rules, func(a, b *nameRule) int {
		switch {
		case a.beats(b):
			return -1
		case b.beats(a):
			return 1
		}
		return 0
	})
	out := r.matchMine(func(m *mine) bool { return m.named(name) })
	won := len(out) > 0
	for i, n := range rules {
		w := weightSNISuffix
		if n.kind == matchExact {
			w = weightSNIExact
		}
		h := n.hit(n.svc, n.place, n.key(), scale(w, n.sure))
		h.Wins, h.Owner = i == 0 && !won, n.svc.owner
		if n.shared {
			h.Service = ""
		}
		out = append(out, h)
	}
	if r.exist[string(folded)] {
		out = append(out, Hit{Rule: "must_exist"})
	}
	if p := r.ech[string(folded)]; p != "" {
		out = append(out, Hit{Rule: "ech_outer " + p})
	}
	if x := r.resolvers.byHost[string(folded)]; x != nil {
		out = append(out, Hit{Rule: "resolver " + x.ID})
	}
	return out
}

func (r *Rules) matchAddr(a netip.Addr) []Hit {
	out := r.matchMine(func(m *mine) bool { return m.addr == a })
	won := len(out) > 0
	for i, p := range r.addrs.covering(a) {
		h := p.hit(p.svc, p.place, p.key(), scale(ipWeights[p.role], p.sure))
		h.Wins, h.Owner = i == 0 && !won, p.owner()
		if !p.role.names() {
			h.Service = ""
		}
		out = append(out, h)
	}
	if x, ok := r.Resolver(a); ok {
		out = append(out, Hit{Rule: "resolver " + x.ID})
	}
	return out
}

// matchMine lists the user's own servers; the port is not known here.
func (r *Rules) matchMine(is func(*mine) bool) []Hit {
	var out []Hit
	for i := range r.mine {
		if m := &r.mine[i]; is(m) {
			out = append(out, Hit{
				Service: m.svc.id, Owner: m.svc.owner, Function: anyFunction, Rule: "mine " + m.text,
				Wins: len(out) == 0, Weight: weightMine, Conf: "high",
			})
		}
	}
	return out
}

func (o *origin) hit(s *svc, at place, rule string, weight int) Hit {
	return Hit{
		Service: s.id, Function: o.fn, Rule: rule, Weight: weight,
		Conf: o.conf, Sources: slices.Clone(o.src), Note: o.note, File: at.file, Line: at.line,
	}
}
