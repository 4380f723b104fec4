package service

import "strings"

// What Why.By says of evidence that is no name.
const (
	byPrefix   = "prefix"
	byMagic    = "magic"
	byArranged = "arranged"
)

// Weights of magic, percent, after conf: from strong on, and validated by an
// answer, it beats every name (precedence 1); below weak it names nothing for
// more than possible.
const (
	strongMagic = 60
	weakMagic   = 30
)

// tally keeps the best of what one class of evidence says. Equals of one owner
// are joined as far as they agree, equals of several cancel out: which came first
// must not matter.
type tally struct {
	best  vote
	any   bool
	split bool
}

func (t *tally) add(v vote) {
	switch {
	case v.Weight <= 0 || t.any && v.Weight < t.best.Weight:
	case !t.any || v.Weight > t.best.Weight:
		*t = tally{best: v, any: true}
	default:
		t.split = t.split || v.owner != t.best.owner
		t.best.agree(v)
	}
}

func (t *tally) result() (vote, bool) { return t.best, t.any && !t.split }

// agree joins two votes of equal weight: one for a family leaves the service to
// the other, two services leave it open.
func (v *vote) agree(x vote) {
	switch {
	case v.svc == nil && !v.mixed:
		v.svc, v.mixed = x.svc, x.mixed
	case x.mixed || x.svc != nil && x.svc != v.svc:
		v.svc, v.mixed = nil, true
	}
	if x.fn != v.fn {
		v.fn = anyFunction
	}
	if x.Value < v.Value {
		v.Value = x.Value
	}
}

// magicVote is what payload shows.
func (r *Rules) magicVote(e *Evidence, b *ballot) (vote, bool) {
	var t tally
	for _, s := range e.Signs {
		m := r.magic.byID[s.Rule]
		if m == nil || b.vetoed(m.svc) || !r.counts(m, e.Server) {
			continue
		}
		w := m.weighs(e.BothWays)
		if t.any && w < t.best.Weight {
			continue
		}
		value := m.id
		if s.Value != "" {
			value += " " + s.Value
		}
		t.add(vote{Why: Why{byMagic, value, w}, svc: m.svc, owner: m.svc.owner, fn: m.fn, payload: true, weak: w < weakMagic})
	}
	return t.result()
}

// strong reports whether a vote is by payload that beats names.
func (v *vote) strong(e *Evidence) bool {
	return v.By == byMagic && e.BothWays && v.Weight >= strongMagic
}

// arrangedVote is what relays, peers and sockets of other flows say (precedence
// 8). Services of category push never lend (9), and live sessions only narrow,
// see [Rules.session].
func (r *Rules) arrangedVote(e *Evidence, b *ballot) (vote, bool) {
	var t tally
	for i := range e.Arranged {
		a := &e.Arranged[i]
		if a.By == arrangedBySession {
			continue
		}
		s, owner := r.lender(a)
		if owner == "" || b.vetoed(s) {
			continue
		}
		fn := a.Function
		if fn == "" {
			fn = anyFunction
		}
		t.add(vote{Why: Why{byArranged, a.text(), weightArranged}, svc: s, owner: owner, fn: fn, payload: true})
	}
	return t.result()
}

const arrangedBySession = "session"

// lender returns whose flow arranged another, nobody's if that is push.
func (r *Rules) lender(a *Arranged) (*svc, string) {
	s := r.byID[a.Service]
	switch {
	case s == nil && a.Service != "":
		return nil, ""
	case s == nil:
		return nil, a.Family
	case s.category == categoryPush:
		return nil, ""
	}
	return s, s.owner
}

const categoryPush = "push"

func (a *Arranged) text() string { return strings.TrimSpace(a.By + " " + a.Flow) }

// session returns the only service of an owner that the client had a live
// session with, and the flow that shows it (precedence 6).
func (r *Rules) session(e *Evidence, owner string, b *ballot) (s *svc, why Why) {
	for i := range e.Arranged {
		a := &e.Arranged[i]
		x, of := r.lender(a)
		if a.By != arrangedBySession || x == nil || of != owner || b.vetoed(x) {
			continue
		}
		if s != nil && s != x {
			return nil, Why{}
		}
		if text := a.text(); s == nil || text < why.Value {
			s, why = x, Why{byArranged, text, weightSession}
		}
	}
	return s, why
}

// tokenVote is what texts compared whole say: of protocols offered, of
// organisations in a certificate, of the client's way to say hello. What a closed
// owner's certificate or protocol is doing elsewhere is not the owner's.
func (r *Rules) tokenVote(kind tokenKind, values []string, b *ballot) (vote, bool) {
	var t tally
	for _, value := range values {
		for _, x := range r.tokens[token{kind, value}] {
			if b.vetoed(x.svc) {
				continue
			}
			v := vote{Why: x.why(), svc: x.svc, owner: x.svc.owner, fn: x.fn, payload: true}
			v.support = kind == tokenJA4 && x.weight < weightJA4Unique
			t.add(v)
		}
	}
	v, ok := t.result()
	return v, ok && !(kind != tokenJA4 && b.placed && r.misplaced(v.owner, false, b.at))
}
