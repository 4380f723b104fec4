package track

import (
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	vigilShare = 64 // of the budget: conversations over UDP that may wait for an answer
	vigilSize  = unsafe.Sizeof(vigil{})

	// mediaCarried is how many datagrams of media make a call: one second of voice
	// (20 ms each).
	mediaCarried = 50
	// muteAfter is how long the far end of a call must be silent to be looked at,
	// and flightAfter that of a transfer, ns (resets-and-drops, D8 and D4).
	muteAfter   = 3_000_000_000
	flightAfter = 5_000_000_000
	// mutedMedia is what a caller must go on sending meanwhile: 10 datagrams a
	// second (D8).
	mutedMedia = 30
	// flightMost bounds the datagrams of a transfer that may have been cut early. That
	// longer ones end in full datagrams, too, is told, and not judged.
	flightMost = 128
)

// vigil is the state of a conversation over UDP in which somebody may be waiting
// for an answer.
type vigil struct {
	place
	fact.Datagrams

	cut      fact.Cut // as was told last
	next     int64    // when the same is worth telling again, ns
	carried  bool     // told: media passed both ways
	bulky    int64    // when it had brought much, ns
	answered int64    // when the far end was heard first, ns
	asked    bool     // told: it asked in vain
}

// vigilOf returns the vigil of a flow, making one.
func (t *Tracker) vigilOf(id flow.ID, f *Flow, now int64) *vigil {
	x := t.needExtra(f)
	if k := x.vigil; k != nil {
		t.vigils.links[k.slot].look = 0
		if k.stale(now) {
			k.used = now
			t.vigils.touch(k.slot)
		}
		return k
	}
	k, at := take(t, &t.vigils, id, now, (*Tracker).freeVigil)
	*k = vigil{place: at}
	k.Late = f.sides[fact.Up].packets+f.sides[fact.Down].packets > 0
	x.vigil = k
	return k
}

func (t *Tracker) freeVigil(x *extra) {
	if x.vigil != nil {
		t.vigils.put(x.vigil.slot)
		x.vigil = nil
	}
}

// attend books a datagram on what its conversation waits for.
func (t *Tracker) attend(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	if p.PayloadLen == 0 {
		return
	}
	k := t.vigilOf(id, &e.Rec, p.Time)
	w := t.utterance(&e.Rec, d, p)
	at := fact.Mark{Num: p.Num, Time: p.Time}
	if w.keys {
		if s := &k.Keys[d]; s.Count == 0 || at.Time-s.Last.Time >= fact.RoundGap {
			s.Add(at) // a round of them
		}
	}
	if w.media {
		k.Media[d].Add(at)
	}
	if !t.conf.NoCalls {
		t.hearCall(id, e, k, d, p, w)
	}
	if d == fact.Down {
		t.hear(e, k, p, w, at)
		return
	}
	k.Since.Add(at)
	if w.media {
		k.SinceMedia.Add(at)
	}
	if k.Heard.Num == 0 && w.ask == fact.AskNothing {
		w.ask = fact.AskOther
	}
	if w.ask != fact.AskNothing {
		t.ask(id, e, k, w.ask, at)
	}
}

// ask books a question of the client.
func (t *Tracker) ask(id flow.ID, e *flow.Entry[Flow], k *vigil, what fact.Ask, at fact.Mark) {
	if k.First == fact.AskNothing && !k.Late {
		k.First = what
	}
	if n := k.Rounds.Count; n > 0 && at.Time-k.Rounds.Last.Time < fact.RoundGap {
		return
	}
	k.Ask = what
	k.Rounds.Add(at)
	n := k.Rounds.Count
	due := n >= fact.AskedEnough && (n <= 8 || n%8 == 0)
	switch {
	case !due:
	case what == fact.AskDTLS && k.Heard.Num != 0 && k.Keys[fact.Down].Count == 0, k.Heard.Num == 0 && t.matters(e, what):
		k.asked = true
		t.tellTalk(e, k, at.Num)
		if n > fact.AskedEnough {
			t.mark(id, &e.Rec)
		}
	}
}

// matters reports whether anybody needs to know that a question has no answer.
// Checks of candidates go unanswered in every call.
func (t *Tracker) matters(e *flow.Entry[Flow], what fact.Ask) bool {
	switch what {
	case fact.AskNothing, fact.AskCheck:
		return false
	case fact.AskOther:
		return t.conf.KnownServer(e.Key.Dst)
	}
	return true
}

// hear books a datagram of the far end.
func (t *Tracker) hear(e *flow.Entry[Flow], k *vigil, p *capture.Packet, w utterance, at fact.Mark) {
	f := &e.Rec
	new := k.Heard.Num == 0
	if new {
		k.answered = p.Time
	}
	k.Heard, k.Rounds.Count, k.Since.Count = at, 0, 0
	k.Before[fact.Up] = fact.Amount{Packets: uint64(f.sides[fact.Up].packets), Bytes: f.sides[fact.Up].payload}
	k.Before[fact.Down] = fact.Amount{
		Packets: uint64(f.sides[fact.Down].packets) + uint64(max(p.Segs, 1)), Bytes: f.sides[fact.Down].payload + uint64(p.PayloadLen),
	}
	k.measure(p)
	if w.media {
		k.SinceMedia.Count = 0
	}
	if w.check {
		k.PeerChecks++
	}
	if !k.carried && min(k.Media[fact.Up].Count, k.Media[fact.Down].Count) >= mediaCarried {
		k.carried, new = true, true
	}
	if k.bulky == 0 && k.Before[fact.Down].Bytes >= fact.Bulky {
		k.bulky, new = p.Time, true
	}
	if k.cut != fact.NotCut && (w.media || k.cut != fact.CutOneWay) {
		k.cut, k.next, new = fact.NotCut, 0, true
	}
	if new && (k.First != fact.AskOther || k.asked || k.carried) {
		t.tellTalk(e, k, p.Num)
	}
}

// measure keeps how long the far end's datagrams are. Of those that were merged all
// are as long but the last.
func (k *vigil) measure(p *capture.Packet) {
	segs := uint32(max(p.Segs, 1))
	if unit := (p.PayloadLen + segs - 1) / segs; unit > k.Longest {
		k.Longest, k.Full = unit, 0
	}
	if p.PayloadLen == segs*k.Longest {
		k.Full += segs
	} else {
		k.Full = 0
	}
}

// Attend looks for conversations over UDP that fell silent, at now, ns: at those that
// said something since it looked, and those whose silence is long by now.
func (t *Tracker) Attend(now int64) {
	for slot := t.vigils.oldest; slot != 0; slot = t.vigils.links[slot].newer {
		if l := &t.vigils.links[slot]; l.look <= now {
			l.look = t.listen(l.owner, t.vigils.at(slot), now)
		}
	}
}

// listen looks at one of them, and returns when to look at it again, ns, if nothing is
// said until then.
func (t *Tracker) listen(id flow.ID, k *vigil, now int64) int64 {
	if k.Heard.Num == 0 {
		return never
	}
	if k.next > now {
		return k.next
	}
	e := t.Table.At(id)
	cut, since := t.cutOf(&e.Rec, k, now)
	if cut == fact.NotCut {
		if silent := k.Heard.Time + flightAfter; silent > now {
			return silent
		}
		return never
	}
	k.cut, k.next = cut, now+max(now-since, muteAfter)
	t.tellTalk(e, k, e.Rec.Num+uint64(e.Rec.lastN))
	if cut != fact.CutFlight || k.Before[0].Packets+k.Before[1].Packets <= flightMost {
		t.mark(id, &e.Rec)
	}
	return k.next
}

// cutOf says how a conversation fell silent, and since when.
func (t *Tracker) cutOf(f *Flow, k *vigil, now int64) (fact.Cut, int64) {
	media, silent := &k.Media, now-k.Heard.Time
	up, heard := k.SinceMedia, media[fact.Down].Last.Time
	if media[fact.Down].Count == 0 {
		heard = up.First.Time
	}
	both := min(media[fact.Up].Count, media[fact.Down].Count) >= mediaCarried
	switch {
	case up.Count >= mutedMedia && up.Last.Time-heard >= muteAfter && (both || media[fact.Down].Count == 0 && k.PeerChecks > 0):
		if k.Since.Last.Time-k.Heard.Time >= muteAfter && both {
			return fact.CutMedia, k.Heard.Time
		}
		return fact.CutOneWay, heard
	case silent < flightAfter || t.appOf(f) != appQUIC:
	case k.Rounds.Count > fact.AskedEnough:
		return fact.CutDemand, k.Heard.Time
	case k.Full >= fact.FlightFull:
		return fact.CutFlight, k.Heard.Time
	}
	return fact.NotCut, 0
}

// tellTalk tells the engine how a conversation stands.
func (t *Tracker) tellTalk(e *flow.Entry[Flow], k *vigil, num uint64) {
	if len(t.Out.Talks) >= maxTalks {
		return
	}
	f := &e.Rec
	talk := fact.Talk{
		Flow: fact.FlowID(f.Num), Client: e.Key.SrcAddr(), Server: e.Key.DstAddr(), Port: e.Key.DstPort, If: f.ifc,
		Name: t.Name(f), Ask: k.First, Answered: k.answered, Heard: k.Heard.Time,
		Carried: k.carried, Bulky: k.bulky, Cut: k.cut, Before: k.Before,
	}
	if n := k.Rounds.Count; n > 0 {
		talk.Rounds, talk.First, talk.Last = n, k.Rounds.First.Time, k.Rounds.Last.Time
	}
	t.Out.Talks = append(t.Out.Talks, TalkSeen{Num: num, Start: f.start, Talk: talk, Signs: t.signsOf(f)})
}
