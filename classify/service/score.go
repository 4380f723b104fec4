package service

import "math"

// Weights of the evidence classes, percent, before a rule's conf scales them
// (fingerprint facts, scoring.classes).
const (
	weightSNIExact  = 90
	weightSNISuffix = 85 // globs too
	weightQUICSNI   = 85
	weightCert      = 80
	weightHost      = 75
	weightDNSUnique = 70
	weightDNSShared = 40
	weightJA4       = 10 // others say hello like that, too
	weightJA4Unique = 70
	weightArranged  = 60 // by a relay, a peer or a socket
	weightSession   = 25 // by a service the client was talking to
	weightMine      = 95 // the user says so
)

// Caps on confidence, percent (scoring.caps), and the confidence below which
// nothing is named (scoring.verdict.possible).
const (
	capPortOnly     = 10
	capPortJA4      = 20
	capSharedIPPort = 30
	capMismatch     = 35
	capWeakMagic    = 49 // below likely
	possible        = 0.25
)

// tellingPort is the weight from which a port is a service's own rather than
// everybody's, percent: such a port tells the function where name and prefix do
// not, and is mentioned when it is all there is.
const tellingPort = 15

// ipWeights are the weights of addresses by role, percent.
var ipWeights = [...]int{
	roleTenant: 0, roleUnverified: 8, roleShared: 15, roleFamily: 25, roleLikely: 35, roleDedicated: 60, roleEndpoint: 65,
}

// scale applies a rule's conf to a weight.
func scale(weight, sure int) int { return (weight*sure + 50) / 100 }

// noisyOr adds up independent evidence: 1-Π(1-w), to three decimals.
func noisyOr(why []Why) float64 {
	doubt := 1.0
	for _, w := range why {
		doubt *= 1 - float64(w.Weight)/100
	}
	return math.Round((1-doubt)*1000) / 1000
}

// capped limits a confidence to a percentage.
func capped(confidence float64, percent int) float64 { return min(confidence, float64(percent)/100) }
