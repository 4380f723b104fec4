package detect

import (
	"fmt"
	"math"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// pathRise is how far a round trip must be above the shortest to show a queue, µs,
	// and pathRiseShare as a part of it: where the published detector of policing calls
	// one inflated.
	pathRise      = inflatedFloor
	pathRiseShare = inflatedFactor - 1
	// pathKnown is before how many runs of losses a round trip must be known, and before
	// which share of all. Where it is not, pathCalm is the most of the packets that may
	// have come in times of risen round trips, of a line that no queue held up: they must
	// be known for that share of all packets, too. Short transfers of a wireless link
	// that loses a dozen at a time (the lab's wifi-bursts) have 3 of 8 runs known, and
	// nothing risen.
	pathKnown      = 10
	pathKnownShare = 0.5
	pathCalm       = 0.1
	// pathExcess is by how many standard deviations the share of them that had risen must
	// lie above that of all packets, for a queue to have lost them: a line that is busy
	// and loses at random loses as much whether its queue is full or not. pathRisen is
	// the least such share. In three plays of each of the lab's lossy paths, at both taps,
	// the deviations came to -1.3 to 2.6 at 0.00 to 0.67, and behind CoDel, PIE, RED,
	// drop-tail, with BBR or without SACK to 1.0 to 10 at 0.47 to 1.00. A queue that is
	// never empty (RED, 1.0 to 3.0) hardly tells losses from passes.
	pathExcess = 3.0
	pathRisen  = 0.4
	// pathMostly is the share from which on a queue may have been it all the same.
	pathMostly = 0.5
	// pathEven is up to which index of dispersion losses lie as by chance
	// (rate-and-calls, section 3): in the lab 0.3 to 1.4 at the client and up to 2.4 at
	// the server, where what was sent again in vain counts; in bursts of four 2.3 to
	// 6.9, behind queues 1.8 to 12.
	pathEven = 1.5
	// pathExpect is how many losses a cell of it must have to be expected, and pathCells
	// how many cells there must be: five of them are off by 0.7 by chance.
	pathExpect = 2.0
	pathCells  = 5
)

// queueing is what round trips and the order of losses say of a queue.
type queueing struct {
	leg          fact.Leg            // on which most was lost
	runs         uint32              // of losses
	known, risen uint32              // of these, before which a round trip was known, and had risen
	measured     float64             // share of the packets in whose time it was known
	busy         float64             // and of these that in whose time it had risen
	excess       float64             // standard deviations by which the losses' share lies above
	spread       float64             // index of dispersion; 0 unknown
	onsets       [3]*fact.RateSeries // per [onset]: that which lost most
}

// queueing looks at all that lost or might have.
func (l *losses) queueing() (q queueing) {
	q.leg = fact.LegUp
	if l.all.lost[fact.LegDown] > l.all.lost[fact.LegUp] {
		q.leg = fact.LegDown
	}
	var seen, high, cells float64
	for _, s := range l.all.series {
		r := &s.Rate
		floor := float64(r.Floor[q.leg])
		limit := max(pathRiseShare*floor, pathRise)
		q.runs += r.Runs
		q.known += r.Rises[q.leg].N
		q.risen += r.Rises[q.leg].Above(limit)
		n, h := busyIn(r, q.leg, floor+limit)
		seen, high = seen+n, high+h
		sum, n := dispersed(r, l.all.share())
		q.spread, cells = q.spread+sum, cells+n
		o := onsetOf(&s.Openings[q.leg])
		if at := &q.onsets[o]; r.Lost != [2]uint32{} && (*at == nil || lossesIn(r) > lossesIn(&(*at).Rate)) {
			*at = s
		}
	}
	if cells < pathCells {
		q.spread = 0
	} else {
		q.spread /= cells - 1
	}
	if seen > 0 {
		q.busy, q.measured = high/seen, seen/float64(max(l.all.packets, 1))
	}
	if q.told() {
		// Neither all nor nothing: of few packets that proves nothing.
		p, n := q.busy, float64(q.known)
		p = (p*n + 0.5) / (n + 1)
		q.excess = (q.share() - q.busy) / math.Sqrt(p*(1-p)/n)
	}
	return q
}

func lossesIn(r *fact.Rate) uint64 { return uint64(r.Lost[0]) + uint64(r.Lost[1]) }

// busyIn is how many packets came while a round trip of a leg was known, and how many
// of them while it was above a limit, µs.
func busyIn(r *fact.Rate, leg fact.Leg, limit float64) (seen, high float64) {
	for i := range r.Used() {
		b := &r.Bins[i]
		if b.RTTs[leg] == 0 {
			continue
		}
		seen += float64(b.Packets)
		if float64(b.RTT[leg])/float64(b.RTTs[leg]) > limit {
			high += float64(b.Packets)
		}
	}
	return seen, high
}

// dispersed sums up how far the losses of cells are from what a share of their packets
// would be, in units of the variance that chance gives.
func dispersed(r *fact.Rate, share float64) (sum, cells float64) {
	var packets, lost float64
	for i := range r.Used() {
		packets += float64(r.Bins[i].Packets)
		lost += float64(r.Bins[i].Lost)
		if e := share * packets; e >= pathExpect {
			sum += (lost - e) * (lost - e) / (e * max(1-share, share))
			cells++
			packets, lost = 0, 0
		}
	}
	return sum, cells
}

// told reports that round trips were known before enough of the losses.
func (q *queueing) told() bool {
	return q.known >= pathKnown && float64(q.known) >= pathKnownShare*float64(q.runs)
}

// calm reports that hardly anything came while a queue delayed it.
func (q *queueing) calm() bool { return q.measured >= pathKnownShare && q.busy <= pathCalm }

func (q *queueing) share() float64 { return float64(q.risen) / float64(max(q.known, 1)) }

// full reports that packets were lost where a queue had filled, more than elsewhere.
func (q *queueing) full() bool {
	return q.told() && q.share() >= pathRisen && q.excess >= pathExcess
}

// even reports that losses lie among the packets as by chance.
func (q *queueing) even() bool { return q.spread > 0 && q.spread <= pathEven }

// verdict says what loses the packets: a queue that all share, which is congestion; or
// not a queue, as far as that can be seen.
func (q *queueing) verdict() finding.Verdict {
	switch {
	case q.full() && !q.even():
		return finding.Benign
	case q.full(), !q.told() && !q.even() && !q.calm(), q.told() && !q.even() && q.share() >= pathMostly:
		return finding.Suspected
	}
	return finding.Likely
}

// noQueue reports that a queue cannot have been it: one of a few packets hardly delays,
// but loses what it loses at once.
func (q *queueing) noQueue() bool { return (q.told() || q.calm()) && q.even() && !q.full() }

// speak adds what speaks for and against.
func (q *queueing) speak(f *finding.Finding, bursts bool) {
	say := func(queue bool, code, got, want, text string) {
		e := finding.Evidence{Code: code, Family: finding.Delay, Class: finding.W, Text: text, Got: got, Want: want}
		if queue == (f.Verdict == finding.Benign) {
			f.For = append(f.For, e)
		} else {
			e.Class = finding.X
			f.Against = append(f.Against, e)
		}
	}
	switch {
	case q.told():
		got, text := fmt.Sprintf("%.0f %%", 100*q.share()), fmt.Sprintf("before %d of %d runs of losses of which that is known", q.risen, q.known)
		all := fmt.Sprintf("%.0f %% of the packets came in such times", 100*q.busy)
		if q.share() >= pathMostly || q.full() {
			say(true, "L2", got, fmt.Sprintf("< %.0f %%", 100*pathMostly), fmt.Sprintf("round trips had risen %s: a queue was filling; %s", text, all))
		} else {
			say(false, "L2", got, fmt.Sprintf("< %.0f %%", 100*pathMostly), fmt.Sprintf("round trips had risen %s only; %s", text, all))
		}
	case q.calm():
		say(false, "L2", fmt.Sprintf("%.0f %%", 100*q.busy), fmt.Sprintf("<= %.0f %%", 100*pathCalm), "hardly a packet came in times of risen round trips")
	}
	if q.spread > 0 && (q.even() || !bursts || f.Verdict == finding.Benign) { // bursts are told of
		text := "losses lie among the packets as by chance"
		if !q.even() {
			text = "more is lost at some times than chance would have it"
		}
		say(!q.even(), "L3", fmt.Sprintf("index of dispersion %.1f", q.spread), fmt.Sprintf("<= %.1f", pathEven), text)
	}
	for _, o := range [...]onset{onsetRisen, onsetFlat} {
		if s := q.onsets[o]; s != nil {
			say(o == onsetRisen, "L4", "", "", fmt.Sprintf("%s (%s, %s)", onsetText(&s.Openings[q.leg]), s.Flow, nameOf(s)))
		}
	}
}

// each is how many losses follow each other, at the mean.
func (l *lossOf) each() float64 { return float64(l.lost[0]+l.lost[1]) / float64(max(l.runs, 1)) }

// how words whether losses follow each other.
func (l *losses) how(q *queueing) string {
	switch each := l.all.each(); {
	case each >= pathBursts:
		return fmt.Sprintf("in bursts of %.1f", each)
	case q.even():
		return "one by one at random"
	}
	return "one by one"
}

// conclude draws the verdict and words it.
func (q *queueing) conclude(f *finding.Finding, bursts bool) {
	v := q.verdict()
	f.Verdict = v // evidence is for or against it
	q.speak(f, bursts)
	Conclude(f, v)
	switch {
	case v == finding.Benign:
		f.BenignCause = "congestion"
		f.Summary += fmt.Sprintf(": congestion, as round trips had risen before %d of %d runs of losses", q.risen, q.known)
	case q.noQueue():
		f.RuledOut = append(f.RuledOut, "full_queue")
	default:
		f.NotRuledOut = append(f.NotRuledOut, "full_queue")
	}
	if !q.told() && !q.calm() {
		noteBlind(f, "queue_unseen")
	}
}
