package service

import "chokepoint/capture"

// vote is what one class of evidence says of a flow.
type vote struct {
	Why
	svc       *svc   // nil: only the owner is known
	owner     string // family, else service
	fn        string
	shared    bool // by a name or an address that several services share
	elsewhere bool
	mixed     bool // by several services
	strangers bool // by names some of which are nobody's we know
	payload   bool // by what the flow itself or its kin show: tells services of a shared name apart
	support   bool // adds to what others say and says nothing alone
	weak      bool // gives way to the address
}

// nameVote looks one name up. A name shared by services names their family.
func (r *Rules) nameVote(by, name string, exact, other int) (vote, bool) {
	m, ok := r.names.find(name)
	if !ok {
		return vote{}, false
	}
	w := other
	if m.rule.kind == matchExact {
		w = exact
	}
	v := vote{
		Why: Why{by, name, scale(w, m.sure)}, svc: m.rule.svc, owner: m.rule.svc.owner,
		fn: m.rule.fn, shared: m.rule.shared, elsewhere: m.rule.elsewhere,
	}
	if v.shared {
		v.svc = nil
	}
	return v, true
}

// nameVotes collects what names say, the strongest class first. Foreign is a
// flow that gives a name we do not know: it is somebody else's, whatever else
// lives or lived at the address. The outer name of an encrypted hello is no name
// of the flow (precedence 12).
func (r *Rules) nameVotes(e *Evidence, votes []vote) (_ []vote, foreign bool) {
	if e.SNI != "" && r.echProvider(e.SNI) == "" {
		exact, other := weightSNIExact, weightSNISuffix
		if e.Proto == capture.ProtoUDP {
			exact, other = weightQUICSNI, weightQUICSNI
		}
		v, ok := r.nameVote("sni", e.SNI, exact, other)
		if !ok {
			return votes[:0], true
		}
		votes = append(votes, v)
	}
	if v, ok := r.namesVote("tls_cert", e.CertNames, weightCert); ok && !v.strangers {
		votes = append(votes, v)
	}
	if e.Host != "" {
		v, ok := r.nameVote("http_host", e.Host, weightHost, weightHost)
		if !ok && len(votes) == 0 {
			return votes, true
		}
		if ok {
			votes = append(votes, v)
		}
	}
	if v, ok := r.namesVote("dns", e.DNS, weightDNSUnique); ok {
		if e.DNSShared || v.mixed || v.strangers {
			v.Weight = v.Weight * weightDNSShared / weightDNSUnique
		}
		votes = append(votes, v)
	}
	return votes, false
}

// namesVote weighs several names of one server. They name a service, and a
// function, only as far as they agree. Names of different owners say nothing.
func (r *Rules) namesVote(by string, list []string, weight int) (v vote, ok bool) {
	strangers := false
	for _, n := range list {
		x, known := r.nameVote(by, bare(n), weight, weight)
		switch {
		case !known:
			strangers = true
		case !ok:
			v, ok = x, true
		case x.owner != v.owner:
			return vote{}, false
		default:
			v.join(x)
			if x.Weight > v.Weight {
				v.Why = x.Why
			}
		}
	}
	v.strangers = strangers
	return v, ok
}

// join keeps of v what a further name of the same owner agrees with.
func (v *vote) join(x vote) {
	if x.svc != v.svc {
		v.svc, v.mixed = nil, true
	}
	if x.fn != v.fn {
		v.fn = anyFunction
	}
	v.shared = v.shared || x.shared
	v.elsewhere = v.elsewhere || x.elsewhere
}

// bare strips the wildcard of a certificate name.
func bare(name string) string {
	if len(name) > 2 && name[:2] == "*." {
		return name[2:]
	}
	return name
}

// addrVote is what the address says. Under a foreign name it says whose it is
// and no more; what is only presumed to be somebody's says nothing then.
func addrVote(p *prefixRule, foreign bool) (vote, bool) {
	if p == nil || foreign && (p.role == roleLikely || p.role == roleUnverified) {
		return vote{}, false
	}
	v := vote{Why: Why{byPrefix, p.text, scale(ipWeights[p.role], p.sure)}, owner: p.owner(), fn: p.fn, shared: p.role == roleShared}
	if p.role.names() {
		v.svc = p.svc
	}
	switch {
	case p.role == roleUnverified:
		v.owner, v.svc, v.support = p.svc.owner, p.svc, true
	case foreign:
		v.svc, v.fn = nil, anyFunction
	}
	return v, v.owner != ""
}
