package detect

import (
	"math"
	"slices"
)

// gather finds the trials with at least so many fitting runs that agree on one
// rate, and reports whether there are any: those of the most stretches, and of as
// many those that lost most. Of a stretch that had to be cut, parts count that fit
// in both: in one, some do by chance.
func (p *policing) gather(runs int) bool {
	var fits []*trial
	for i := range p.trials {
		if t := &p.trials[i]; t.fits() >= runs && (t.parts < 2 || t.fits() == 2) {
			fits = append(fits, &p.trials[i])
		}
	}
	p.agree = nil
	for _, t := range fits {
		var near []*trial
		for _, u := range fits {
			if u.shows(t.best().rate) {
				near = append(near, u)
			}
		}
		if outweighs(near, p.agree) {
			p.agree = near
		}
	}
	var clash []*trial
	for _, t := range fits {
		if !slices.Contains(p.agree, t) {
			clash = append(clash, t)
		}
	}
	p.clash = len(clash)
	p.torn = origins(clash) >= origins(p.agree) && float64(weight(clash)) > clashShare*float64(weight(p.agree)) &&
		float64(lostIn(clash)) > clashShare*float64(lostIn(p.agree))
	return len(p.agree) > 0
}

// shows reports whether a trial is of a bucket of a rate, IP bytes/s: by its own
// estimate, or by an account at that rate where the estimate is not far off. It is of
// few round trips, and with losses before the tap, which are dated early, of less: in
// the lab one of 154 losses is off by 6 %. At more than twice the width of a cluster
// the account would hardly forgive the drift.
func (t *trial) shows(rate float64) bool {
	off := math.Abs(t.best().rate/rate - 1)
	return off <= sameRate || off <= 2*sameRate && t.fitsAt(rate)
}

func outweighs(a, b []*trial) bool {
	if n := origins(a) - origins(b); n != 0 {
		return n > 0
	}
	if n := weight(a) - weight(b); n != 0 {
		return n > 0
	}
	return lostIn(a) > lostIn(b)
}

// origins counts the stretches that trials are of.
func origins(list []*trial) (n int) {
	for i, t := range list {
		if i == 0 || list[i-1].origin != t.origin {
			n++
		}
	}
	return n
}

// burstSays is how many losses in a row count: a full bucket that a slow start meets
// loses a hundred packets at one moment, and they show that moment's tokens only. Four
// flows of the lab in one bucket lost 154 packets in 8 bursts, told with 1.06 of the
// rate, and then 117 in some sixty, with 1.00; with one a burst, seventeen losses in
// ten outweighed 120 in seven (the lab's policed-video-h2).
const burstSays = 4

// weight is what trials lost, in IP packets, of each burst no more than burstSays.
func weight(list []*trial) (n int) {
	for _, t := range list {
		run := 0
		for i := range t.steps {
			if run++; !t.steps[i].lost {
				run = 0
			} else if run <= burstSays {
				n++
			}
		}
	}
	return n
}

func lostIn(list []*trial) (n uint32) {
	for _, t := range list {
		n += t.lost
	}
	return n
}
