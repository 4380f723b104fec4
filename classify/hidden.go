package classify

import (
	"slices"
	"strings"

	"chokepoint/capture"
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

// front reports whether a name is only known to stand outside encrypted hellos:
// under it anybody may be meant, and what the client resolved tells more
// (precedence 12).
func (r *run) front(name string) bool {
	if !r.seen.bindings.fronts(name) {
		return false
	}
	owner, _ := r.opt.Rules.OwnerOfName(name)
	return owner == ""
}

// say takes over what the payload showed: what is spoken, and what the protocol
// says of where its server stands and what the connection is for.
func (r *run) say(f *fact.Flow) {
	app, agreed := "", true
	for _, s := range f.Signs {
		a := r.opt.Rules.Speaks(s.Rule)
		if a == "mtproto" {
			f.Place, f.ForMedia = dataCentre(s.Value)
		}
		agreed = agreed && (a == "" || app == "" || a == app)
		if app == "" {
			app = a
		}
	}
	switch {
	case f.App != "":
	case f.Key.Proto == capture.ProtoESP:
		f.App = "esp"
	case f.Key.Proto == capture.ProtoGRE:
		f.App = "gre"
	case agreed:
		f.App = app
	}
}

// dataCentres are those of Telegram (TDLib; 203 serves files).
var dataCentres = []string{"dc1", "dc2", "dc3", "dc4", "dc5", "dc203"}

// dataCentre reads what a sign of MTProto says: "dc4", "dc2 media".
func dataCentre(s string) (place string, media bool) {
	place, what, _ := strings.Cut(s, " ")
	if !slices.Contains(dataCentres, place) {
		return "", false
	}
	return place, what == "media"
}

const (
	// A flow this small and short shows that a service can be reached, not that
	// it is used (fingerprints, precedence 10).
	probeBytes = 3 << 10
	probeTime  = 10 * second
	// probeNear is how close together probes of several services come, and
	// probeOwners how many owners make several: hosts of one owner are what its
	// own client uses.
	probeNear   = 30 * second
	probeOwners = 3
)

// probe reports whether a flow only tried whether its service is there: little
// and short, while the same client tried several others. Of what is encrypted
// from the first byte on nobody can tell the records of the handshake from those
// beyond it: there the size must do.
func (r *run) probe(f *fact.Flow) bool {
	bytes := f.Sides[fact.Up].Payload + f.Sides[fact.Down].Payload
	if f.Label.Service == "" || bytes == 0 || bytes > probeBytes || f.Last-f.Start > probeTime {
		return false
	}
	return whole(f) && !used(f) && r.seen.sessions.owners(f, probeNear) >= probeOwners
}

// whole reports whether all of a flow was seen and nothing more can come.
func whole(f *fact.Flow) bool {
	if f.Blind&(fact.BlindMidstream|fact.BlindEvicted|fact.BlindOneWay) != 0 {
		return false
	}
	shut := f.State == "closed" || f.State == "reset"
	return f.End != fact.StillOpen && (f.End != fact.EndOfCapture || shut || f.Now-f.Last > probeTime)
}

// used reports whether a flow carried more than what opens one: the service's
// own protocol, a call, questions. A small request in the clear does not count,
// it is how most programs try.
func used(f *fact.Flow) bool {
	switch f.App {
	case "", "tls", "quic", "http":
		return len(f.DNS) > 0 || len(f.Signs) > 0
	}
	return true
}
