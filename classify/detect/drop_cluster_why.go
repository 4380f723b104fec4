package detect

import (
	"slices"

	"chokepoint/classify/fact"
)

// Reasons says what stopped like a flow that stands still, or why it is compared with none.
func (DropCluster) Reasons(f *fact.Failure, w *fact.World) Judgement {
	var j Judgement
	j.needs("alike", "%d connections to %d owners or networks, cut within %s of each other", clusterFlows, clusterParties, span(clusterWithin))
	j.needs("counter", "their middle half within %d packets or %d bytes, and %.0f %% of the median", clusterPackets, clusterBytes, 100*clusterShare)
	j.needs("long", "a long connection of the client to somebody else that passed meanwhile")
	i := slices.IndexFunc(w.Frozen, func(o fact.Failure) bool { return o.Flow == f.Flow })
	switch {
	case i < 0:
		j.stop("no_freeze", "it is not known to stand still amid what it carried")
		return j
	case !begun(&w.Frozen[i]):
		j.stop("short", "it stopped before %d packets or %d bytes, as much else does", freezeMinPackets, freezeMinBytes)
		return j
	case passed(w, &w.Frozen[i]):
		j.stop("passed", "another connection to the same address got well beyond that point")
		return j
	}
	c := &cluster{}
	for _, all := range standing(w) {
		if slices.Contains(all, &w.Frozen[i]) {
			c = about(all, &w.Frozen[i])
		}
	}
	lacks := c.lacks(w, &w.Frozen[i])
	if lacks != "few" && lacks != "one_party" {
		j.saw("alike", "%s stop after %s and %s", plural(len(c.flows), "connection"), c.packets.text("packets"), c.bytes.text("bytes"))
	}
	switch lacks {
	case "few":
		j.stop(lacks, "fewer than %d connections that nothing else explains stopped about then", clusterFlows)
	case "one_party":
		j.stop(lacks, "all that stopped about then are of one owner in one network")
	case "apart":
		j.stop(lacks, "they stopped after different amounts")
	case "no_long_control":
		j.stop(lacks, "no long connection to anybody else passed meanwhile")
	default:
		j.saw("lifts", "that raises it to %s", c.verdict())
	}
	return j
}
