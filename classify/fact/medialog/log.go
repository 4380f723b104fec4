package medialog

import (
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
)

const (
	// MaxEvents is how many events of a direction are kept: half a minute of a video
	// call. When they are too many, the older half goes.
	MaxEvents = 2048
	// smallest is the datagram from which on it is pictures and not a voice, bytes
	// (rate-and-calls, section 2.10).
	pictures = 450
	second   = 1_000_000_000
	// sameStamps is how near the timestamps of two sources must be for one to repeat
	// the other's, units: 4 s of the fastest clock. Independent ones begin anywhere
	// (RFC 3550, section 5.1) and are so near once in 6000 times.
	sameStamps = 360_000
)

// Log is the media of one call. The zero value is ready.
type Log struct {
	late   bool
	merged uint32
	ways   [2]way
	trips  trips
}

// way is one direction.
type way struct {
	media, rtp, others uint32
	first, last        fact.Mark
	sources            [fact.MediaSources]source
	told               [fact.MediaSources]fact.RemoteLoss
	runs               [fact.LossRuns]uint32
	holes              [fact.MaxHoles]fact.Mark
	nHoles             uint8
	leapt, met         bool // by the latest: numbers were leapt over, a source was accepted
	held               fact.BadSpan
	gaps               gaps
	seconds            [fact.MediaSeconds]rate
	sec                int64 // the newest second, since the epoch
	firstSec           int64
	events             []fact.MediaEvent
	bases              [fact.MediaSources]base
}

type rate struct{ bytes, large uint32 }

// base is the packet of a source beside which delays are told.
type base struct {
	at    int64
	stamp uint32
	set   bool
}

// Datagram is one datagram of media.
type Datagram struct {
	Num  uint64
	Time int64       // ns
	Len  uint32      // IP bytes
	Size uint32      // of the datagram, without what wraps it
	RTP  *rtp.Header // nil: it has none
}

// Late notes that media had passed before.
func (l *Log) Late() { l.late = true }

// Merged notes datagrams of which no header was captured.
func (l *Log) Merged(n uint32) { l.merged += n }

// Add books a datagram of media. It reports whether a window closed that is bad, and
// whether the datagram's source was accepted with it.
func (l *Log) Add(d fact.Dir, g *Datagram) (bad, met bool) {
	w := &l.ways[d]
	at := fact.Mark{Num: g.Num, Time: g.Time}
	if w.media++; w.media == 1 {
		w.first = at
	}
	w.last = at
	w.rate(g)
	opened, bad := w.gaps.add(g.Time, g.Size, &l.ways[d.Other()].gaps)
	if opened && w.rtp == 0 {
		w.hole(at)
	}
	w.leapt, w.met = false, false
	i := -1
	if g.RTP != nil {
		var worse bool
		i, worse = w.number(g)
		bad = bad || worse
	}
	w.log(g, i)
	return bad, w.met
}

// hole names a packet.
func (w *way) hole(at fact.Mark) {
	if int(w.nHoles) < len(w.holes) {
		w.holes[w.nHoles] = at
		w.nHoles++
	}
}

// number books an RTP packet on its source, and returns which that is.
func (w *way) number(g *Datagram) (index int, bad bool) {
	i := w.find(g.RTP, g.Time)
	if i < 0 {
		w.others++
		return i, false
	}
	s := &w.sources[i]
	was := s.flags & accepted
	if was != 0 && g.Time-s.since >= fact.MediaSpan {
		win := s.close()
		bad = s.flags&repairs == 0 && book(&w.held, &win)
		s.open(g.Time)
	}
	f := s.add(g.RTP, g.Time, &w.runs)
	if s.flags&accepted == 0 {
		return -1, bad
	}
	w.rtp++
	if was == 0 {
		w.met = true
		w.rtp++ // the one before, which waited for this one
		w.kin(i)
	}
	switch {
	case f.lost > 0 && s.flags&repairs == 0:
		w.leapt = true
		w.hole(fact.Mark{Num: g.Num, Time: g.Time})
		w.lose(g, i, f.lost)
	case f.fills:
		w.unlose(g, i)
	}
	return i, bad
}

// find returns the source of a packet, or makes one in the place of one that was
// never accepted. -1: there is no room.
func (w *way) find(h *rtp.Header, at int64) int {
	free := -1
	for i := range w.sources {
		s := &w.sources[i]
		switch {
		case s.flags&used != 0 && s.ssrc == h.SSRC:
			return i
		case s.flags&used == 0 && (free < 0 || w.sources[free].flags&used != 0),
			s.flags&accepted == 0 && (free < 0 || w.sources[free].flags&used != 0 && s.at < w.sources[free].at):
			free = i
		}
	}
	if free >= 0 {
		w.sources[free].begin(h, at)
		w.bases[free], w.told[free] = base{}, fact.RemoteLoss{}
	}
	return free
}

// kin looks whether a source that is accepted now has the timestamps of another.
func (w *way) kin(i int) {
	s := &w.sources[i]
	for k := range w.sources {
		o := &w.sources[k]
		d := int32(s.stamp - o.stamp)
		if k != i && o.flags&(accepted|repairs) == accepted && o.typ != s.typ && d < sameStamps && d > -sameStamps {
			s.flags |= repairs
		}
	}
}

// rate books bytes by second.
func (w *way) rate(g *Datagram) {
	sec := g.Time / second
	if w.media == 1 {
		w.sec, w.firstSec = sec, sec
	}
	for n := min(sec-w.sec, fact.MediaSeconds); n > 0; n-- {
		w.seconds[(sec-n+1)%fact.MediaSeconds] = rate{}
	}
	w.sec = max(w.sec, sec)
	if w.sec-sec >= fact.MediaSeconds {
		return // time ran backwards
	}
	r := &w.seconds[sec%fact.MediaSeconds]
	r.bytes += g.Len
	if g.Size > pictures {
		r.large += g.Len
	}
}

// Report books what a receiver in direction d says of a source of the other one.
func (l *Log) Report(d fact.Dir, b *rtp.Block, at fact.Mark) {
	w := &l.ways[d.Other()]
	for i := range w.sources {
		if s := &w.sources[i]; s.flags&accepted != 0 && s.ssrc == b.SSRC {
			t := &w.told[i]
			*t = fact.RemoteLoss{Reports: t.Reports + 1, Lost: b.Lost, Fraction: b.Fraction, Jitter: b.Jitter, At: at}
		}
	}
}

// Ask notes a question of the client: id is the transaction, at is in ns.
func (l *Log) Ask(id uint32, at int64) { l.trips.ask(id, at) }

// Answer notes what answers it.
func (l *Log) Answer(id uint32, at int64) { l.trips.answer(id, at) }

// Bad reports whether what has not been told by a window that closed is bad: asked of
// a call that is over.
func (l *Log) Bad() bool {
	for d := range l.ways {
		w := l.ways[d].fact()
		if w.Held.Bad > 0 || w.Gaps.Bad > 0 {
			return true
		}
	}
	return false
}

// Fact writes the log out as of a time.
func (l *Log) Fact(now int64) *fact.Call {
	out := &fact.Call{Late: l.late, Merged: l.merged, Trips: l.trips.fact(now)}
	for d := range l.ways {
		out.Ways[d] = l.ways[d].fact()
		out.Ways[d].Events = slices.Clone(l.ways[d].events)
	}
	return out
}

// fact writes a direction out, all but its events.
func (w *way) fact() fact.MediaWay {
	out := fact.MediaWay{
		Media: w.media, RTP: w.rtp, Others: w.others, First: w.first, Last: w.last, Runs: w.runs,
		Holes: slices.Clone(w.holes[:w.nHoles]), Held: w.held, Gaps: w.gaps.fact(),
	}
	for i := range w.sources {
		s := w.sources[i]
		if s.flags&accepted == 0 {
			continue
		}
		if s.at-s.since >= lastSpan && s.flags&repairs == 0 {
			win := s.close()
			book(&out.Held, &win)
		}
		m := s.fact(&out.Runs)
		m.Told = w.told[i]
		out.Sources = append(out.Sources, m)
	}
	if w.media > 0 {
		from := max(w.firstSec, w.sec-fact.MediaSeconds+1)
		out.Seconds.From = from * second
		for sec := from; sec <= w.sec; sec++ {
			r := w.seconds[sec%fact.MediaSeconds]
			out.Seconds.Bytes, out.Seconds.Large = append(out.Seconds.Bytes, r.bytes), append(out.Seconds.Large, r.large)
		}
	}
	return out
}
