package service

import (
	"cmp"
	"slices"
)

// ballot is what all evidence for a flow says.
type ballot struct {
	at      *prefixRule // the rule for the address, nil none
	placed  bool        // the address is known
	foreign bool        // the flow gives a name that is nobody's we know
	astray  bool        // the name's owner does not live at the address
	vetoes  []*svc      // what the flow is not, by its names
	belied  Why         // a name that the payload belies
	n       int
	room    [maxVotes]vote // an array: most flows have little to say and are not worth the heap
}

// maxVotes is one vote by each class of evidence.
const maxVotes = 10

// votes returns what was collected, the leading vote first.
func (b *ballot) votes() []vote { return b.room[:b.n] }

func (b *ballot) vetoed(s *svc) bool { return s != nil && slices.Contains(b.vetoes, s) }

// veto finds the services that the names of a flow exclude.
func (r *Rules) veto(e *Evidence, b *ballot) {
	if len(r.excluding) == 0 {
		return
	}
	b.veto(r, e.SNI)
	b.veto(r, e.Host)
	for _, n := range e.CertNames {
		b.veto(r, bare(n))
	}
	for _, n := range e.DNS {
		b.veto(r, n)
	}
}

func (b *ballot) veto(r *Rules, name string) {
	var buf [maxName]byte
	folded := fold(name, &buf)
	if len(folded) == 0 {
		return
	}
	for _, s := range r.excluding {
		if s.excludes(folded) && !b.vetoed(s) {
			b.vetoes = append(b.vetoes, s)
		}
	}
}

// heed takes a vote's service away if it is vetoed; false when nothing is left
// of the vote.
func (b *ballot) heed(v *vote) bool {
	if !b.vetoed(v.svc) {
		return true
	}
	family := v.owner != v.svc.id
	v.svc, v.fn = nil, anyFunction
	return family
}

func (b *ballot) add(v vote, ok bool) {
	if ok && b.heed(&v) {
		b.room[b.n] = v
		b.n++
	}
}

// collect gathers the votes. Names lead, unless payload says otherwise and was
// answered (precedence 1 and 2); all else follows by weight.
func (r *Rules) collect(e *Evidence, b *ballot) {
	b.at, b.placed = r.addrs.find(e.Server), e.Server.IsValid()
	r.veto(e, b)
	var arr [4]vote
	names, foreign := r.nameVotes(e, arr[:0])
	b.foreign = foreign
	for _, v := range names {
		b.add(v, true)
	}
	b.astray = b.n > 0 && b.placed && r.misplaced(b.room[0].owner, b.room[0].elsewhere, b.at)
	magic, ok := r.magicVote(e, b)
	if ok && magic.strong(e) {
		b.leadBy(magic)
		ok = false
	} else if b.astray {
		return
	}
	from := b.n
	if b.at == nil || !b.vetoed(b.at.svc) || b.at.owner() != b.at.svc.id {
		b.add(addrVote(b.at, b.foreign))
	}
	r.addOthers(e, b, magic, ok)
	slices.SortStableFunc(b.votes()[from:], func(x, y vote) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(y.Weight, x.Weight))
	})
}

// leadBy puts strong payload before all names. Those that it belies, or that
// cannot live here, are kept as what speaks against.
func (b *ballot) leadBy(magic vote) {
	if b.n > 0 && (b.astray || b.room[0].owner != magic.owner) {
		b.belied = Why{b.room[0].By, b.room[0].Value, 0}
		b.n = 0
	}
	copy(b.room[1:], b.votes())
	b.room[0] = magic
	b.n++
}

// addOthers adds what is neither name nor address. Of these, only the protocol a
// hello offers is worth something beside a name we do not know. Nobody but a
// closed owner is at its addresses.
func (r *Rules) addOthers(e *Evidence, b *ballot, magic vote, isMagic bool) {
	add := func(v vote, ok bool) { b.add(v, ok && !(b.placed && r.misplaced(v.owner, true, b.at))) }
	if len(r.tokens) > 0 {
		add(r.tokenVote(tokenALPN, e.ALPN, b))
	}
	if b.foreign || len(e.Arranged)+len(e.CertOrgs)+len(e.JA4) == 0 && !isMagic {
		return
	}
	add(r.arrangedVote(e, b))
	add(magic, isMagic)
	if len(r.tokens) > 0 {
		add(r.tokenVote(tokenOrg, e.CertOrgs, b))
		add(r.tokenVote(tokenJA4, []string{e.JA4}, b))
	}
}

// rank orders votes before their weight does.
func (v *vote) rank() int {
	switch {
	case v.support:
		return 2
	case v.weak:
		return 1
	}
	return 0
}
