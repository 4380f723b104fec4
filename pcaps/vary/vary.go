package vary

import "chokepoint/capture"

// Variation is one way in which a capture could have been taken.
type Variation struct {
	Name string // as "snaplen96"
	What string // in a few words
	make Fault
}

// seed decides which packets the lossy variations lose.
const seed = 44

// portDelay is what lies between a packet and its copy at a span port that sees it
// before and behind a router, ns. Within a millisecond, as switches do.
const portDelay = 300_000

// All returns all variations; the first one changes nothing.
func All() []Variation {
	return []Variation{
		{"nanoseconds", "as it was recorded", func(p []capture.Packet) []capture.Packet { return p }},
		{"microseconds", "times cut to microseconds", Microseconds},
		{"snaplen96", "96 bytes of every frame", Snap(96)},
		{"snaplen80", "80 bytes of every frame: DNS answers are cut", Snap(80)},
		{"up-only", "only what whoever spoke first sent", OneWay(true)},
		{"down-only", "only the answers", OneWay(false)},
		{"midstream", "begun when three tenths of the packets had passed", Begun(3, 10)},
		{"no-opening", "the first three packets of every flow are missing", Headless(3)},
		{"loss1", "1 % not captured", Lossy(0.01, seed)},
		{"loss3", "3 % not captured", Lossy(0.03, seed)},
		{"span-copies", "every packet again a hop later, as a span port on both sides of a router sees it", Copied(Copy{After: portDelay, Hops: 1})},
		{"vlan", "802.1Q tags", Tagged(100)},
	}
}

// Named returns the variation of that name.
func Named(name string) (Variation, bool) {
	for _, v := range All() {
		if v.Name == name {
			return v, true
		}
	}
	return Variation{}, false
}

// Apply returns the packets as the variation has them, numbered from 1. Those
// given are not changed. What was decoded of them holds where the frame stayed the
// same.
func (v Variation) Apply(packets []capture.Packet) []capture.Packet {
	return Apply(packets, v.make)
}
