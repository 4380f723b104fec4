package service

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
	at := r.addrs.find(e.Server)
	votes, foreign := r.nameVotes(e)
	if len(votes) > 0 && e.Server.IsValid() && r.misplaced(votes[0].owner, votes[0].elsewhere, at) {
		return mismatch(votes, at)
	}
	if addr, ok := addrVote(at, foreign, len(votes) == 0); ok {
		votes = append(votes, addr)
	}
	if len(votes) == 0 {
		return r.byPort(e, foreign)
	}
	l := r.combine(votes, e, foreign)
	return r.frontedBy(l, e.SNI)
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
func (r *Rules) combine(votes []vote, e *Evidence, foreign bool) Label {
	lead := votes[0]
	s := lead.svc
	for _, v := range votes[1:] {
		// What is known of the family only may be narrowed by weaker evidence
		// (precedence 4), but a shared name means any of its services (6).
		if s == nil && !lead.shared && v.owner == lead.owner {
			s = v.svc
		}
	}
	var why []Why
	for _, v := range votes {
		if v.owner == lead.owner && (v.svc == nil || v.svc == s) && v.Weight > 0 {
			why = append(why, v.Why)
		}
	}
	fn := lead.fn
	if p := r.bestPort(e, lead.owner, s); p != nil && !foreign {
		why = append(why, p.why())
		if lead.By == "prefix" && fn == anyFunction && p.weight >= tellingPort {
			fn = p.fn
		}
	}
	l := label(s, lead.owner, fn, why)
	if lead.By == "prefix" && s == nil && len(why) > 1 {
		l.Confidence = capped(l.Confidence, capSharedIPPort)
	}
	return l
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

// byPort is the label of a flow that offers nothing but a port. No service and
// no function is named by it (precedence 5), and everybody's ports are not
// mentioned.
func (r *Rules) byPort(e *Evidence, foreign bool) Label {
	var l Label
	if p := r.bestPort(e, "", nil); p != nil && !foreign && p.weight >= tellingPort {
		l.Why = []Why{p.why()}
		l.Confidence = capped(noisyOr(l.Why), capPortOnly)
	}
	return r.frontedBy(l, e.SNI)
}

// bestPort returns the heaviest rule for a flow's port: of a service, of any
// service of an owner, or of all.
func (r *Rules) bestPort(e *Evidence, owner string, s *svc) *portRule {
	var best *portRule
	for _, p := range r.ports {
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
