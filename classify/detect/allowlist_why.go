package detect

import (
	"fmt"

	"chokepoint/classify/fact"
)

// Reasons says what else failed and worked for the client within a minute of a failure.
func (AllowList) Reasons(f *fact.Failure, w *fact.World) Judgement {
	var j Judgement
	j.needs("dead", "%d destinations of %d owners or networks that answer neither a SYN nor a hello, within %s", listDead, listParties, span(listWithin))
	j.needs("alive", "%d others of %d owners or networks that the client began to reach meanwhile", listAlive, listBehind)
	if !dead(f) {
		j.stop("another_kind", "it is no silence at the beginning of a connection to somebody beyond the uplink")
		return j
	}
	r := rollAround(f, w)
	j.saw("dead", "%s of %s dead within %s of it", plural(len(r.dead), "destination"), parties(len(r.owners)), span(listWithin))
	j.saw("alive", "%s of %s worked", plural(len(r.alive), "other destination"), parties(len(r.behind)))
	switch {
	case len(r.dead) < listDead || len(r.owners) < listParties:
		j.stop("few", "too little is dead to speak of all but some")
	case len(r.alive) < listAlive || len(r.behind) < listBehind:
		j.stop("nothing_works", "too little works to speak of a list: a dead link looks the same")
	case portal(w, r.first):
		j.stop("captive_portal", "names of several owners were all said to be at one address, as a captive portal says")
	}
	return j
}

func parties(n int) string {
	if n == 1 {
		return "1 owner or network"
	}
	return fmt.Sprintf("%d owners or networks", n)
}

// rollAround is what the client of a failure could and could not reach within a minute
// of it.
func rollAround(f *fact.Failure, w *fact.World) *roll {
	r := &roll{first: f.Start, from: f.Start, to: f.Start}
	for i := range w.Failures {
		o := &w.Failures[i]
		if o.Client == f.Client && o.If == f.If && dead(o) && max(o.Start-f.Start, f.Start-o.Start) <= listWithin {
			r.first = min(r.first, o.Start)
			r.fail(o)
		}
	}
	r.from = r.first
	r.live(w, f.Client, f.If)
	return r
}
