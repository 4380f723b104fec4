package detect

import (
	"chokepoint/classify/fact"
)

// Reasoner is a world detector that can say what it makes of one failure.
type Reasoner interface {
	WorldDetector
	Reasons(f *fact.Failure, w *fact.World) Judgement
}

// Reasons says why a failure is lifted, or is not.
func (Repeat) Reasons(f *fact.Failure, w *fact.World) Judgement {
	var j Judgement
	j.needs("suspected", "a suspicion about a party that is known")
	j.needs("again", "the same kind at the same stage on another destination or name within %s", span(repeatWithin))
	j.needs("control", "a connection of a third party that went on meanwhile")
	j.needs("owner_lives", "an unrelated owner that fails alike, or something of the owner that works: an outage looks the same")
	if f.Owner == "" {
		j.stop("unknown_party", "nobody knows whose it is, and of such parties dead ones are plenty")
		return j
	}
	g := groupOf(w, f)
	j.saw("alike", "%s alike on %s", plural(len(g.all), "failure"), plural(len(g.targets), "target"))
	controls := len(g.controls(w))
	j.saw("controls", "%s of third parties meanwhile", plural(controls, "connection"))
	switch {
	case len(g.all) < 2:
		j.stop("once", "nothing else failed like it within %s", spellNs(repeatWithin))
	case controls == 0:
		j.stop("no_control", "no third party was seen to work meanwhile")
	case len(g.owners) < 2 && !g.ownerLives(w):
		j.stop("outage", "all that failed is of %s, of whom nothing was seen to work: an outage of it looks the same", g.owners[0])
	default:
		j.saw("lifts", "that lifts a suspicion to likely")
	}
	return j
}
