package track

import (
	"math/bits"
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	// passing is how many clients of a shard are counted at a time; where there are
	// more, one makes room and is told of as far as it came.
	passing = 16
	// maxPassages is how many stretches a shard tells at a tick, maxStreams how many
	// sources.
	maxPassages = 256
	maxStreams  = 256
)

// passages counts how the TCP of clients fares.
type passages struct {
	now  [passing]passage
	used uint16 // of now, as a set
	told []fact.Passage
}

type passage struct {
	client [16]byte
	fact.Passage
}

// pass books a segment with payload, and how many more of them are known to be lost
// with it; fewer, where one was only overtaken.
func (t *Tracker) pass(e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, segs uint32, lost int32) {
	a := e.Key.Src
	i := (a[15] ^ a[14] ^ a[7]) % passing
	slot := &t.passed.now[i]
	if empty := slot.Segs == [2]uint32{}; empty || slot.client != a || slot.If != e.Rec.ifc {
		if !empty {
			t.passed.tell(slot)
		}
		t.passed.used |= 1 << i
		*slot = passage{client: a, Passage: fact.Passage{Passer: fact.Passer{If: e.Rec.ifc}, Fared: fact.Fared{From: p.Time, To: p.Time}}}
	}
	slot.From, slot.To = min(slot.From, p.Time), max(slot.To, p.Time)
	slot.Segs[d] += segs
	if lost > 0 {
		slot.Runs[d]++
		slot.Lost[d] += uint32(lost)
	} else if n := uint32(-lost); n > 0 && slot.Runs[d] > 0 {
		slot.Runs[d]--
		slot.Lost[d] -= min(slot.Lost[d], n)
	}
}

func (b *passages) tell(s *passage) {
	if len(b.told) >= maxPassages {
		return
	}
	s.Client = netip.AddrFrom16(s.client).Unmap()
	b.told = append(b.told, s.Passage)
}

// Passages hands over how the TCP of clients fared since the last time, and begins
// anew. The list is valid until then.
func (t *Tracker) Passages() []fact.Passage {
	b := &t.passed
	for ; b.used != 0; b.used &= b.used - 1 {
		s := &b.now[bits.TrailingZeros16(b.used)]
		b.tell(s)
		*s = passage{}
	}
	out := b.told
	b.told = b.told[:0]
	return out
}

// StreamSeen is an RTP source that was met in a flow.
type StreamSeen struct {
	Num  uint64
	Key  fact.StreamKey
	Flow fact.FlowID
}

// Streams hands over the sources met since the last time.
func (t *Tracker) Streams() []StreamSeen {
	out := t.streams
	t.streams = t.streams[:0]
	return out
}
