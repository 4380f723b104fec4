package service

import (
	"fmt"
	"net/netip"
	"slices"
)

// Hit is one rule that speaks of a name, an address or another text.
type Hit struct {
	Service  string // "" for what is no service: a resolver, a list of names
	Owner    string // family, else service; "" when the rule does not tell
	Function string
	Place    string // of the service, "" not told
	Rule     string // "suffix whatsapp.net", "dedicated 149.154.160.0/20", "exclude 3gppnetwork.org", "alpn apns-security-v3", "must_exist", "resolver google"
	Wins     bool   // the rule that labels
	Loses    string // why it is another that labels, or none
	Weight   int    // percent, conf included, of that rule alone
	Conf     string
	Sources  []string
	Note     string
	File     string
	Line     int
}

// Match explains why a name or an address would be labelled as it would: every
// rule that speaks of it, the one that wins first. It also knows the texts that
// hellos and certificates are compared with, and rules for payload by their ids.
func (r *Rules) Match(text string) []Hit {
	if a, err := netip.ParseAddr(text); err == nil {
		return r.matchAddr(plain(a))
	}
	return append(r.matchName(text), r.matchText(text)...)
}

// Reasons why a rule does not label.
const (
	ownFirst  = "the user's own server comes first"
	saysNone  = "says nothing of the service"
	outerName = "the outer name of an encrypted hello hides another"
)

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
	lost := ""
	if len(out) > 0 {
		lost = ownFirst
	}
	for _, n := range rules {
		w := weightSNISuffix
		if n.kind == matchExact {
			w = weightSNIExact
		}
		h := n.hit(n.svc, n.place, n.key(), scale(w, n.sure))
		h.Owner, h.Loses = n.svc.owner, lost
		if n.shared {
			h.Service = ""
		}
		switch {
		case n.svc.excludes(folded):
			h.Loses = "its service excludes the name"
		case lost == "":
			h.Wins, lost = true, n.over()
		}
		out = append(out, h)
	}
	for _, s := range r.excluding {
		for _, x := range s.excluded {
			if x.covers(folded) {
				h := Hit{Service: s.id, Owner: s.owner, Rule: x.key(), File: x.file, Line: x.line}
				h.Loses = "a flow of that name is not " + s.id + ", whatever else says so"
				out = append(out, h)
			}
		}
	}
	return append(out, r.matchLists(string(folded))...)
}

// over says why the others lose to a name rule.
func (n *nameRule) over() string {
	if n.kind == matchSuffix {
		return "the longer suffix " + n.name + " beats it"
	}
	return n.key() + " beats it"
}

func (r *Rules) matchLists(folded string) (out []Hit) {
	if r.exist[folded] {
		out = append(out, Hit{Rule: "must_exist", Loses: saysNone})
	}
	if p := r.ech[folded]; p != "" {
		out = append(out, Hit{Rule: "ech_outer " + p, Loses: outerName})
	}
	if x := r.resolvers.byHost[folded]; x != nil {
		out = append(out, Hit{Rule: "resolver " + x.ID, Loses: saysNone})
	}
	return out
}

func (r *Rules) matchAddr(a netip.Addr) []Hit {
	out := r.matchMine(func(m *mine) bool { return m.addr == a })
	own := len(out) > 0
	var best *prefixRule
	for _, p := range r.addrs.covering(a) {
		h := p.hit(p.svc, p.place, p.key(), scale(ipWeights[p.role], p.sure))
		h.Owner, h.Place = p.owner(), p.at
		if !p.role.names() {
			h.Service = ""
		}
		switch {
		case own:
			h.Loses = ownFirst
		case best == nil:
			best, h.Wins = p, true
		case best.prefix != p.prefix:
			h.Loses = fmt.Sprintf("the longer prefix %s beats it", best.text)
		default:
			h.Loses = fmt.Sprintf("%s beats %s", best.role, p.role)
		}
		out = append(out, h)
	}
	if x, ok := r.Resolver(a); ok {
		out = append(out, Hit{Rule: "resolver " + x.ID, Loses: saysNone})
	}
	return out
}

// matchText lists what compares a text whole. Which of it labels depends on the
// flow.
func (r *Rules) matchText(text string) (out []Hit) {
	for _, kind := range []tokenKind{tokenALPN, tokenJA4, tokenOrg} {
		for _, t := range r.tokens[token{kind, text}] {
			h := t.hit(t.svc, t.place, t.key(), scale(t.weight, t.sure))
			h.Owner = t.svc.owner
			out = append(out, h)
		}
	}
	if m := r.magic.byID[text]; m != nil {
		h := m.hit(m.svc, m.place, m.key(), scale(m.weight, m.sure))
		h.Owner = m.svc.owner
		out = append(out, h)
	}
	if len(out) == 1 {
		out[0].Wins = true
	}
	for i := range out {
		if len(out) > 1 {
			out[i].Loses = "several say so: the heaviest labels"
		}
	}
	return out
}

// matchMine lists the user's own servers; the port is not known here.
func (r *Rules) matchMine(is func(*mine) bool) []Hit {
	var out []Hit
	for i := range r.mine {
		if m := &r.mine[i]; is(m) {
			h := Hit{
				Service: m.svc.id, Owner: m.svc.owner, Function: anyFunction, Rule: "mine " + m.text,
				Wins: len(out) == 0, Weight: weightMine, Conf: "high",
			}
			if !h.Wins {
				h.Loses = "the port decides"
			}
			out = append(out, h)
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
