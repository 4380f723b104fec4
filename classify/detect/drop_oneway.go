package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// oneWay is a connection of which one side lives and does not hear the other
// (resets-and-drops, D6). It shows in what that side sends again.
type oneWay struct {
	f         *fact.Flow
	deaf      fact.Dir // who does not hear
	technique string
	tries     *fact.Tries
	k         *fact.Stall // of the deaf side
}

// Techniques of D6: what one side acknowledged did not reach the other, which goes on
// repeating; or what one side says is not acknowledged by the other, which lives.
const (
	unreached = "unreached"
	swallowed = "swallowed"
)

// oneWayOf looks for a side that does not hear: for one for which it was seen for long
// enough, else for any.
func oneWayOf(f *fact.Flow) *oneWay {
	var brief *oneWay
	for _, d := range [...]fact.Dir{fact.Down, fact.Up} {
		for _, o := range deafness(f, d) {
			if !o.brief() {
				return o
			}
			if brief == nil {
				brief = o
			}
		}
	}
	return brief
}

// deafness is how it shows that side d does not hear.
func deafness(f *fact.Flow, d fact.Dir) (out []*oneWay) {
	k, side, peer := &f.Stall[d], &f.Sides[d], &f.Sides[d.Other()]
	if k.At.Num == 0 || side.First.Num == 0 || peer.First.Num == 0 || f.ResetCount[d] > 0 {
		return nil
	}
	if k.Deaf.Count >= dropRetries && !(side.FIN.Num != 0 && peer.FIN.Num != 0) {
		out = append(out, &oneWay{f: f, deaf: d, technique: unreached, tries: &k.Deaf, k: k})
	}
	if data, _ := unheard(f, d); data > 0 && k.Asked.Count >= dropRetries && side.LastAny-k.Asked.First.Time >= dropWait(f) {
		out = append(out, &oneWay{f: f, deaf: d, technique: swallowed, tries: &k.Asked, k: k})
	}
	return out
}

// brief reports that it was not seen for long enough.
func (o *oneWay) brief() bool {
	return o.tries.Last.Time-o.tries.First.Time < dropPatience || o.stuck() < o.needed()
}

// stuck is how long the deaf side had not got further when it was last seen to try,
// or to be tried, ns.
func (o *oneWay) stuck() int64 { return o.tries.Last.Time - o.k.At.Time }

func (o *oneWay) needed() int64 {
	return max(freezeRTTs*int64(o.f.RTTMin(fact.Up).Or(0)+o.f.RTTMin(fact.Down).Or(0)), freezeSilence)
}

// excused reports that it goes on, or may.
func (o *oneWay) excused(j *Judgement) bool {
	peer := &o.f.Sides[o.deaf.Other()]
	switch {
	case o.brief():
		j.stop("too_short", "%s without getting further, %s are needed; repetitions over %s, %s are needed", spellNs(o.stuck()), spellNs(o.needed()),
			spellNs(o.tries.Last.Time-o.tries.First.Time), spellNs(dropPatience))
	case o.technique == swallowed && o.f.Sides[o.deaf].Window.Ok && o.f.Sides[o.deaf].Window.V == 0:
		j.stop("zero_window", "the receiver's window is shut: it need not take what is sent")
	case o.technique == unreached && peer.LastAny < o.tries.First.Time:
		j.stop("receiver_silent", "the other side fell silent first")
	default:
		return false
	}
	return true
}

// vetoes are those of this detector alone.
func (o *oneWay) vetoes() []finding.Reason {
	var out []finding.Reason
	// What passed a tap at an end, on its way there, reached that end.
	if o.deaf == fact.Up && o.f.Vantage == "host" || o.deaf == fact.Down && o.f.Vantage == "server" {
		out = append(out, finding.Reason{Code: "own_end", Text: "what it does not hear passed the tap at its own end: lost within that host, if at all"})
	}
	if !o.mtuRuledOut() {
		out = append(out, finding.Reason{Code: "mtu", Text: "what is missing may have been too big for the path, and no full-size segment was seen to pass"})
	}
	if o.f.Blind&fact.BlindMidstream != 0 {
		out = append(out, finding.Reason{Code: "midstream", Text: "the capture began after the connection: how much had passed before is not known"})
	}
	return out
}

func (o *oneWay) mtuRuledOut() bool {
	if o.technique == unreached { // acknowledgements are small
		return true
	}
	return o.tries.Len <= mtuDoubt || meanHeard(o.f, o.deaf.Other()) >= fullSize
}

// judge says what was seen.
func (o *oneWay) judge(w *fact.World, j *Judgement) {
	who, whom := sideName(o.deaf), sideName(o.deaf.Other())
	j.saw("one_way", "the %s does not hear the %s: %d repetitions in %s", who, whom, o.tries.Count, spellNs(o.stuck()))
	if o.excused(j) {
		return
	}
	f := o.f
	fd := Start(f, w, finding.DropMidflow)
	fd.Technique = o.technique
	fd.Direction, fd.Segment = finding.ToServer, finding.ServerSide
	if o.deaf == fact.Up {
		fd.Direction, fd.Segment = finding.ToClient, finding.ClientSide
	}
	packets, bytes := o.k.Packets[0]+o.k.Packets[1], o.k.Payload[0]+o.k.Payload[1]
	fd.AfterPackets, fd.AfterBytes = &packets, &bytes
	fd.Packets = markNumbers(o.k.At, o.tries.First, o.tries.Last)
	text := fmt.Sprintf("after %d packets the %s no longer hears the %s: it repeats %d times in %s what the %s had acknowledged before",
		packets, who, whom, o.tries.Count, spellNs(o.stuck()), whom)
	if o.technique == swallowed {
		text = fmt.Sprintf("after %d packets the %s no longer hears the %s: it is heard itself, and never acknowledges what is sent %d times more in %s",
			packets, who, whom, o.tries.Count, spellNs(o.stuck()))
	}
	fd.Summary = text
	fd.For = append(fd.For, finding.Evidence{Code: "D6", Family: finding.Demand, Class: finding.S, Text: text,
		Got: fmt.Sprintf("%d repetitions", o.tries.Count), Want: fmt.Sprintf(">= %d", dropRetries), Packets: fd.Packets})
	fd.RuledOut = append(fd.RuledOut, "dead_"+who, "idle_timeout")
	if o.mtuRuledOut() {
		fd.RuledOut = append(fd.RuledOut, "mtu")
	}
	if live := liveControls(f, w, o.k.At.Time, o.tries.Last.Time); len(live) > 0 {
		fd.For = append(fd.For, liveEvidence(live))
		addControls(&fd, live)
		fd.RuledOut = append(fd.RuledOut, "dead_link")
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "far_end_filter", "rewriting_middlebox")
	j.settle(fd, append(o.vetoes(), dropVetoes(f, w)...), finding.Suspected)
}

// sideName names a side for people.
func sideName(d fact.Dir) string {
	if d == fact.Up {
		return "client"
	}
	return "server"
}
