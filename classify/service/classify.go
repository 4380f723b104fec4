package service

import (
	"cmp"
	"net/netip"
	"slices"
)

// Classify labels a flow by what it offers. A name the flow itself gives (SNI,
// certificate, Host) beats names the client resolved to the address, which beat
// the address, which beats the port (precedence 2). What agrees with the
// strongest evidence adds to it; what does not is left out. A service that would
// be named with less than 25 % is not named.
func (r *Rules) Classify(e *Evidence) Label {
	if l, ok := r.classifyMine(e); ok {
		return l
	}
	if e.QName != "" {
		return r.classifyQuery(e.QName)
	}
	if r.nobodys(e) {
		return r.byPort(e, e.SNI != "")
	}
	var b ballot
	r.collect(e, &b)
	var l Label
	switch {
	case b.astray && b.belied == (Why{}):
		return mismatch(b.votes(), b.at)
	case b.n == 0 || b.room[0].support:
		l = r.byPort(e, b.foreign)
	default:
		l = r.combine(e, &b)
	}
	l.Mismatch = b.astray
	return r.frontedBy(l, e.SNI)
}

// nobodys reports whether no rule speaks of anything a flow offers but its port.
// Most flows are like that, and are done with here.
func (r *Rules) nobodys(e *Evidence) bool {
	if len(e.Signs)+len(e.Arranged)+len(e.ALPN)+len(e.CertNames)+len(e.CertOrgs)+len(e.Host) > 0 ||
		e.JA4 != "" && len(r.tokens[token{tokenJA4, e.JA4}]) > 0 || r.addrs.find(e.Server) != nil {
		return false
	}
	if e.SNI != "" { // what the client resolved does not count beside it
		_, ours := r.names.find(e.SNI)
		return !ours && r.echProvider(e.SNI) == ""
	}
	return !slices.ContainsFunc(e.DNS, func(n string) bool {
		_, ours := r.names.find(n)
		return ours
	})
}

// Unheard reports whether no rule speaks of a name that a flow gives, nor of its
// server's address, and nobody fronts encrypted hellos under it. Where the user
// has servers of his own it is always false.
func (r *Rules) Unheard(sni string, server netip.Addr) bool {
	if len(r.mine) > 0 || r.addrs.find(server) != nil {
		return false
	}
	_, ours := r.names.find(sni)
	return !ours && r.echProvider(sni) == ""
}

// classifyQuery labels a DNS flow by the name asked for, so that a denied query
// counts for its service. The server is a resolver and says nothing.
func (r *Rules) classifyQuery(qname string) Label {
	v, ok := r.nameVote("dns_query", qname, weightSNIExact, weightSNISuffix)
	if !ok {
		return Label{}
	}
	return label(v.svc, v.owner, v.fn, []Why{v.Why})
}

// combine adds up votes, the strongest first.
func (r *Rules) combine(e *Evidence, b *ballot) Label {
	lead := &b.room[0]
	by := b.naming()
	s, session := by.svc, Why{}
	if of, why := r.session(e, lead.owner, b); of != nil && (of == s || s == nil && lead.narrows()) {
		s, session = of, why
	}
	fn := lead.fn
	why := make([]Why, 0, b.n+4)
	for i := range b.n {
		v := &b.room[i]
		if v.owner != lead.owner || v.svc != nil && v.svc != s || v.Weight <= 0 {
			continue
		}
		why = append(why, v.Why)
		if fn == anyFunction && (v.payload || lead.payload && v.By == byPrefix && v.svc != nil) {
			fn = v.fn // a server's own address knows what its protocol does not tell
		}
	}
	if session.By != "" {
		why = append(why, session)
	}
	own := false // the port is the service's
	if p := r.bestPort(e, lead.owner, s); p != nil && !b.foreign {
		why = append(why, p.why())
		own = p.svc == s && p.weight >= tellingPort
		if lead.By == byPrefix && fn == anyFunction && p.weight >= tellingPort {
			fn = p.fn
		}
	}
	l := label(s, lead.owner, fn, why)
	// Kin's address and port are little (caps), unless the service is in use at the
	// moment and the port is one of its own: a relay of its calls (precedence 6).
	live := session.By != "" && own && lead.By == byPrefix
	if lead.By == byPrefix && by.svc == nil && len(why) > 1 && !live {
		l.Confidence = capped(l.Confidence, capSharedIPPort)
	}
	if by.weak && !live {
		l.Confidence = capped(l.Confidence, capWeakMagic)
	}
	if lead.payload && l.Confidence < possible {
		l = Label{Confidence: l.Confidence, Why: l.Why} // too little for an owner, too
	}
	if b.belied.By != "" {
		l.Why = append(l.Why, b.belied)
	}
	r.locate(&l, e, b)
	return l
}

// naming returns the vote that tells the service. What is known of the family
// only may be narrowed by weaker evidence (precedence 4), but a shared name means
// any of its services until payload, or kin, tells them apart (6).
func (b *ballot) naming() *vote {
	lead := &b.room[0]
	if lead.svc != nil {
		return lead
	}
	for i := range b.n - 1 {
		v := &b.room[1+i]
		if v.svc != nil && v.owner == lead.owner && float64(v.Weight)/100 >= possible && (v.payload || !lead.shared) {
			return v
		}
	}
	return lead
}

// narrows reports whether a live session may tell the service of a vote for a
// family. Addresses that strangers of the family share are too many for that.
func (v *vote) narrows() bool { return v.By != byPrefix || !v.shared }

// locate says where in the service the server is, and that it is for media, as
// the protocol told or else as the address does.
func (r *Rules) locate(l *Label, e *Evidence, b *ballot) {
	s := r.byID[l.Service]
	if s == nil {
		return
	}
	here := b.at != nil && b.at.svc == s
	if here {
		l.Place = b.at.at
	}
	spoke := here || slices.ContainsFunc(e.Signs, func(x Sign) bool {
		m := r.magic.byID[x.Rule]
		return m != nil && m.svc == s
	})
	if !spoke {
		return
	}
	l.Place = cmp.Or(e.Place, l.Place)
	if e.Media && (l.Function == anyFunction || l.Function == "chat") && slices.Contains(s.functions, "media") {
		l.Function = "media"
	}
}

// label names a service, or, when the evidence is too weak for that, its owner.
func label(s *svc, owner, fn string, why []Why) Label {
	l := Label{Family: owner, Function: fn, Confidence: noisyOr(why), Why: why}
	if s != nil && l.Confidence >= possible {
		l.Service = s.id
	}
	return l
}

// mismatch labels a flow whose name cannot live at its address (precedence 3):
// no service, and no function; the family is that of the address.
func mismatch(votes []vote, at *prefixRule) Label {
	var why []Why
	for _, v := range votes {
		if v.owner == votes[0].owner {
			why = append(why, v.Why)
		}
	}
	l := Label{Mismatch: true, Confidence: capped(noisyOr(why), capMismatch)}
	if at != nil {
		l.Family = at.owner()
		why = append(why, Why{"prefix", at.text, 0}) // speaks against
	}
	l.Why = why
	return l
}

// echProvider returns who fronts a flow whose SNI is the outer name of an
// encrypted hello.
func (r *Rules) echProvider(sni string) string {
	var buf [maxName]byte
	return r.ech[string(fold(sni, &buf))]
}

// frontedBy notes the front of an encrypted hello; it weighs nothing.
func (r *Rules) frontedBy(l Label, sni string) Label {
	if p := r.echProvider(sni); p != "" {
		l.Why = append(l.Why, Why{"sni", "ech:" + p, 0})
	}
	return l
}

// byPort is the label of a flow that offers nothing but a port, and perhaps a
// hello like many. No service and no function is named by it (precedence 5), and
// everybody's ports are not mentioned.
func (r *Rules) byPort(e *Evidence, foreign bool) Label {
	p := r.bestPort(e, "", nil)
	if p == nil || foreign || p.weight < tellingPort {
		return Label{}
	}
	why, most := []Why{p.why()}, capPortOnly
	for _, t := range r.tokens[token{tokenJA4, e.JA4}] {
		if t.svc == p.svc {
			why, most = append(why, t.why()), capPortJA4
			break
		}
	}
	return Label{Why: why, Confidence: capped(noisyOr(why), most)}
}
