package classify

import (
	"strings"

	"chokepoint/classify/fact"
)

// hidden tells a real encrypted hello from one that only looks like it (GREASE,
// RFC 9849 section 6.2): on the wire they are alike, but the name outside a real
// one is that of whoever fronts it, as the rules know or a resolver said.
func (r *run) hidden(f *fact.Flow) {
	if f.Names.ECH != "outer" {
		return
	}
	who := r.opt.Rules.ECHProvider(f.Names.SNI)
	if who == "" && r.seen.bindings.fronts(f.Names.SNI) {
		who = f.Names.SNI
	}
	f.Names.ECH = "grease"
	if who != "" {
		f.Names.ECH, f.Names.ECHOuter = "real", who
	}
}

// placed takes over what a protocol says of where its server stands and what
// the connection is for: "dc4", "dc2 media".
func placed(f *fact.Flow) {
	for _, s := range f.Signs {
		if place, what, _ := strings.Cut(s.Value, " "); strings.HasPrefix(place, "dc") && f.App == "" {
			f.Place, f.ForMedia = place, what == "media"
		}
	}
}

const (
	// A flow this small and short shows that a service can be reached, not that
	// it is used (fingerprints, precedence 10).
	probeBytes = 3 << 10
	probeTime  = 10 * second
	// probeNear is how close together probes of several services come, and
	// probeOwners how many owners make several.
	probeNear   = 30 * second
	probeOwners = 3
)

// probe reports whether a flow only tried whether its service is there: little
// and short, while the same client tried several others.
func (r *run) probe(f *fact.Flow) bool {
	bytes := f.Sides[fact.Up].Payload + f.Sides[fact.Down].Payload
	if f.Label.Service == "" || len(f.DNS) > 0 || bytes == 0 || bytes > probeBytes || f.Last-f.Start > probeTime || f.End == fact.StillOpen {
		return false
	}
	return r.seen.sessions.owners(f, probeNear) >= probeOwners
}
