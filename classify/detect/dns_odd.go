package detect

import (
	"chokepoint/classify/fact"
)

// Odd reports an answer that cannot be so: it denies a name that exists, or gives
// an address that the name cannot have. Such an answer may be another's, and tells
// nothing of how its resolver answers.
func Odd(w *fact.World, q *fact.DNS, a *fact.DNSAnswer) bool {
	if w.Rules == nil {
		return false
	}
	x := dnsCase{w: w, d: q}
	if !x.owned() {
		return false
	}
	if _, kind := bogus(a); kind != "" {
		return true
	}
	return x.exists() && denial(a, q.QType) != "" || x.foreignFace(a) || x.misplaced(a) || len(x.knownForged(a)) > 0
}
