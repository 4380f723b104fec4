package fact

import (
	"maps"
	"math"
	"net/netip"
	"slices"
)

// Bounds of what the world remembers of what passed and of streams.
const (
	MaxPassages   = 128 // stretches of a client: a tick each, minutes
	MaxPassers    = 1024
	PassageMemory = 600_000_000_000 // ns
	MaxStreams    = 4096

	// passageSlack is how many stretches more a client may have until the oldest so
	// many are forgotten at once.
	passageSlack = MaxPassages / 4
)

// Passage is how the TCP of a client fared for a while, whoever it talked to: what a
// call's losses are compared with. Indexed by direction.
type Passage struct {
	Passer
	Fared
}

// Fared is a stretch of somebody's TCP.
type Fared struct {
	From, To int64 // first and last segment, ns
	Segs     [2]uint32
	Lost     [2]uint32 // segments that were missing, or sent again
	Runs     [2]uint32 // how often
}

// add sums two stretches up.
func (p *Fared) add(o *Fared) {
	p.From, p.To = min(p.From, o.From), max(p.To, o.To)
	for d := range p.Segs {
		p.Segs[d], p.Lost[d], p.Runs[d] = p.Segs[d]+o.Segs[d], p.Lost[d]+o.Lost[d], p.Runs[d]+o.Runs[d]
	}
}

// Passer is whose TCP it is.
type Passer struct {
	Client netip.Addr
	If     uint16 // interface
}

// stretches is the TCP of one client, newest last.
type stretches struct {
	list []Fared
	last int64 // the end of the newest, ns
}

// SawPassage takes in how the TCP of a client fared since the last tick. One that was
// told of by several shards is one. Clients beyond [MaxPassers] are not followed until
// others fell silent for [PassageMemory].
func (w *World) SawPassage(p Passage) {
	if w.passed == nil {
		w.passed = map[Passer]*stretches{}
	}
	key := p.Passer
	s := w.passed[key]
	if s == nil {
		if len(w.passed) >= w.Scarce.of(MaxPassers) && !w.forgetPassages(p.To) {
			return
		}
		s = &stretches{}
		w.passed[key] = s
		w.passedFrom = min(w.passedFrom, p.To)
	}
	if n := len(s.list); n > 0 && s.last >= p.From {
		s.list[n-1].add(&p.Fared)
		s.last = s.list[n-1].To
		return
	}
	if len(s.list) >= MaxPassages+passageSlack {
		s.list = slices.Delete(s.list, 0, passageSlack)
	}
	s.list, s.last = append(s.list, p.Fared), p.To
}

// forgetPassages forgets clients that were silent for long, and reports whether there
// was any. Where none is, nobody is looked for again until a while has passed, and not
// before one can have been silent for so long.
func (w *World) forgetPassages(now int64) bool {
	if now < w.passedLook {
		return false
	}
	w.passedLook = now + PassageMemory/16
	if now-w.passedFrom <= PassageMemory {
		return false
	}
	n := len(w.passed)
	w.passedFrom = math.MaxInt64
	maps.DeleteFunc(w.passed, func(_ Passer, s *stretches) bool {
		if now-s.last > PassageMemory {
			return true
		}
		w.passedFrom = min(w.passedFrom, s.last)
		return false
	})
	return len(w.passed) < n
}

// Passed sums up the TCP of a client in stretches that overlap [from, to].
func (w *World) Passed(client netip.Addr, ifc uint16, from, to int64) Passage {
	sum := Passage{Passer{client, ifc}, Fared{From: to, To: from}}
	if s := w.passed[Passer{client, ifc}]; s != nil {
		for i := range s.list {
			if p := &s.list[i]; p.From <= to && p.To >= from {
				sum.add(p)
			}
		}
	}
	return sum
}

// StreamKey is an RTP source as a client's socket hears or sends it.
type StreamKey struct {
	Client netip.Addr
	SSRC   uint32
}

// SawStream takes in that a source was met in a flow.
func (w *World) SawStream(k StreamKey, f FlowID) {
	if w.streams == nil {
		w.streams = map[StreamKey][2]FlowID{}
	}
	at, known := w.streams[k]
	switch {
	case !known:
		if len(w.streamAge) >= w.Scarce.of(MaxStreams) {
			delete(w.streams, w.streamAge[0])
			w.streamAge = w.streamAge[1:]
		}
		w.streamAge = append(w.streamAge, k)
		at[0] = f
	case at[0] != f:
		at[1] = f
	}
	w.streams[k] = at
}

// Elsewhere returns another flow in which a source was met, 0 if there is none: its
// numbers are spread over both.
func (w *World) Elsewhere(k StreamKey, f FlowID) FlowID {
	for _, id := range w.streams[k] {
		if id != 0 && id != f {
			return id
		}
	}
	return 0
}
