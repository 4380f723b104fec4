package answer

import "chokepoint/classify/finding"

// effect is what a kind of finding does to a status (contract, "service").
type effect uint8

const (
	noEffect  effect = iota // never raises a status
	degrades                // degraded
	throttles               // throttled
	local                   // failing, by this host
	blocks                  // blocked, when the function does not work
)

// effectOf maps the closed list of kinds.
func effectOf(k finding.Kind) effect {
	switch k {
	case finding.ResetInjected, finding.PayloadInjected,
		finding.DropConnect, finding.DropHello, finding.DropMidflow, finding.DropCall,
		finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered,
		finding.ICMPProhibited, finding.HostAllowlist:
		return blocks
	case finding.RatePoliced, finding.RateShaped, finding.RateShift, finding.RateDifferential:
		return throttles
	case finding.DropQUIC, finding.CallDegraded:
		return degrades
	case finding.DropLocal:
		return local
	}
	return noEffect // rate.limited, path.loss, reset.seen
}

// effectOn is what a finding does. A transfer over QUIC that was cut has a way
// around, as one that was never answered has: clients go on over TCP.
func effectOn(f *finding.Finding) effect {
	if f.Kind == finding.DropMidflow && f.Proto == "udp" {
		return degrades
	}
	return effectOf(f.Kind)
}

// raises: only confirmed and likely findings make a status.
func raises(f *finding.Finding) bool {
	return f.Verdict.Rank() >= finding.Likely.Rank() && effectOn(f) != noEffect
}

// cuts: the flows of this finding did not work, whatever they moved before. Of
// a suspicion only silence with an unmet demand is certain enough.
func cuts(f *finding.Finding) bool {
	e := effectOn(f)
	switch {
	case e != blocks && e != local:
		return false
	case raises(f):
		return true
	case f.Verdict != finding.Suspected:
		return false
	}
	switch f.Kind {
	case finding.DropConnect, finding.DropHello, finding.DropMidflow, finding.DropCall, finding.DropLocal, finding.DNSUnanswered:
		return true
	}
	return false
}
