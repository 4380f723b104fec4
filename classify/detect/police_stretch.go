package detect

import "chokepoint/classify/fact"

// step is one wire segment as the replay sees it.
type step struct {
	at   int64 // ns
	num  uint64
	rtt  uint32 // clean sample of the leg the losses are on, µs; 0 none
	len  uint32 // IP bytes
	lost bool
	flow uint16 // which of those laid side by side, from 0
	wait int64  // of a loss before the tap: from its date to when it would have come, ns
}

// stretch is what one replay works on.
type stretch struct {
	start   int64 // ns
	end     int64
	bytes   uint64 // IP bytes of all its packets
	gaps    uint32 // packets the capture missed
	marked  uint32 // losses of either kind
	before  uint64 // IP bytes before the first step
	steps   []step
	rtt     float64  // median, end to end, s
	early   []uint32 // samples before the first step, µs
	floor   uint32   // smallest of the path on that leg, µs, 0 unknown
	base    uint32   // of a part: the smallest of the whole, µs, 0 not a part
	slack   float64  // round trips of tokens forgiven at the start (rule 4)
	fresh   int64    // for how long a round trip speaks, ns, 0 for ever
	partial bool     // nothing is known of its start
	sized   bool     // packets differ in size: what a packet would have left counts, not what it met
}

// stretchOf turns a segment into what a replay of losses of one kind works on.
// Losses of the other kind happened elsewhere: what was lost behind the tap
// had passed a policer before it, what was lost before the tap never reached
// one behind it. floor is the shortest round trip of the leg they are on, µs, 0
// unknown.
func stretchOf(seg *fact.Segment, kind fact.EventFlag, floor uint32) stretch {
	return stretchIn(seg, 0, len(seg.Events), kind, floor)
}

// answers splits a segment into stretches, one for each answer in it.
func answers(seg *fact.Segment, kind fact.EventFlag, floor uint32) (out []stretch) {
	from := 0
	for i := range seg.Events {
		if i > from && seg.Events[i].Flags&fact.Asked != 0 {
			out = append(out, stretchIn(seg, from, i, kind, floor))
			from = i
		}
	}
	out = append(out, stretchIn(seg, from, len(seg.Events), kind, floor))
	for i := 1; i < len(out); i++ {
		out[i].early = out[i-1].latest()
	}
	return out
}

// stretchIn is what lies between two events of a segment.
func stretchIn(seg *fact.Segment, from, to int, kind fact.EventFlag, floor uint32) stretch {
	s := stretch{floor: floor, start: seg.Start, end: seg.End, bytes: seg.Bytes, gaps: seg.Gaps, marked: seg.Losses, steps: make([]step, 0, to-from)}
	leg := legOf(kind)
	if from == 0 {
		s.before, s.partial, s.early = seg.Before, seg.Continues, seg.Early[leg].Samples()
	}
	if from > 0 || seg.Continues && from < to { // what came before is of another stretch, or unknown
		s.start = seg.Events[from].Time
	}
	if from > 0 || to < len(seg.Events) {
		s.end, s.bytes = seg.Events[to-1].Time, s.before+sentIn(seg.Events[from:to], kind)
	}
	for i := range seg.Events[from:to] {
		e := &seg.Events[from+i]
		if e.Flags&fact.Void != 0 || kind == fact.LostDown && e.Flags&fact.LostUp != 0 {
			continue
		}
		st := step{at: e.Time, num: e.Num, rtt: e.RTT[leg], len: uint32(e.Len), lost: e.Flags&kind != 0}
		if leg == fact.LegDown && float64(st.rtt) > inflatedFactor*float64(floor) && delayed(seg.Events[from:to], i) {
			st.rtt = 0
		}
		s.steps = append(s.steps, st)
	}
	if kind == fact.LostUp {
		s.spread()
	}
	return s
}

// delayed reports a round trip that says nothing of a queue: of a packet that was
// acknowledged alone, as the next one was lost, so that its receiver may have waited
// for its timer. At a tap upstream of a policer that lets two packets through a
// round trip these are most.
func delayed(ev []fact.Event, i int) bool {
	if ev[i].Flags&fact.Lone == 0 {
		return false
	}
	next := ev[i].Seq + 1
	for k := i + 1; k < len(ev); k++ {
		if int32(ev[k].Seq-next) >= 0 {
			return ev[k].Flags&fact.LostDown != 0
		}
	}
	return false
}

// sentIn is what the packets among events came to, IP bytes; where losses were
// behind the tap also those that were lost: they were seen.
func sentIn(ev []fact.Event, kind fact.EventFlag) (n uint64) {
	for i := range ev {
		if ev[i].Flags&fact.Void == 0 && (ev[i].Flags&kind == 0 || kind == fact.LostDown) {
			n += uint64(ev[i].Len)
		}
	}
	return n
}

// spread tells when the packets of a hole would have come: evenly between the
// arrivals around it.
func (s *stretch) spread() {
	for i := 0; i < len(s.steps); i++ {
		n := 0
		for i+n < len(s.steps) && s.steps[i+n].lost {
			n++
		}
		if n == 0 || i+n == len(s.steps) {
			continue
		}
		hole := s.steps[i+n].at - s.steps[i].at
		for k := range n {
			s.steps[i+k].wait = hole * int64(k+1) / int64(n+1)
		}
		i += n
	}
}

// unmeasured is for how many packets the round trip is taken at the floor of
// the path: for those before the log began, which had filled no queue yet, and
// for a stretch that began in a queue. Without them the queue would pass for the
// path itself.
func (s *stretch) unmeasured() int {
	if s.floor == 0 {
		return 0
	}
	return fact.MaxEarly
}

func legOf(kind fact.EventFlag) fact.Leg {
	if kind == fact.LostUp {
		return fact.LegUp
	}
	return fact.LegDown
}

// bounds finds the first and last loss that count; to is -1 when there are too
// few.
func (s *stretch) bounds(cutoff int) (from, to int) {
	var at []int
	for i := range s.steps {
		if s.steps[i].lost {
			at = append(at, i)
		}
	}
	if len(at) < 2*cutoff+2 {
		return -1, -1
	}
	return at[cutoff], at[len(at)-1-cutoff]
}

// packet is the size of a full packet, IP bytes.
func (s *stretch) packet() float64 {
	var most uint32
	for i := range s.steps {
		if s.steps[i].num != 0 { // of a packet, not of a sum
			most = max(most, s.steps[i].len)
		}
	}
	return float64(most)
}

// goodput is the rate at which bytes passed between two losses, bytes/s.
func (s *stretch) goodput(from, to int) float64 {
	var n float64
	for i := from; i < to; i++ {
		if !s.steps[i].lost {
			n += float64(s.steps[i].len)
		}
	}
	if d := inSeconds(s.steps[to].at - s.steps[from].at); d > 0 {
		return n / d
	}
	return 0
}

// depth is what the bucket must have held at once for all before a loss to pass:
// the most that any time up to it took beyond the rate. It is no more than the
// bucket is deep, and all of it if that time began with a full one.
func (s *stretch) depth(loss int, rate float64) float64 {
	sent := float64(s.before)
	var fullest float64 // of the account rate*t - sent
	at := func(i int) float64 { return rate*inSeconds(s.steps[i].at-s.start) - sent }
	for i := range s.steps[:loss] {
		fullest = max(fullest, at(i))
		if !s.steps[i].lost {
			sent += float64(s.steps[i].len)
		}
	}
	return fullest - at(loss)
}
