package packets

import (
	"io"
	"slices"
	"sync/atomic"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
)

// Taker takes the packets of one flow, in order. A packet is valid during the call.
// Fragments come joined.
type Taker interface {
	Flow() *Wanted // whose packets
	Add(p *capture.Packet)
}

// Gather is a source that looks at what passes through it: it gives the packets
// of some flows to their takers and passes everything on. It ends after as
// many packets as a first run has read, so that a capture that grows meanwhile is
// the same both times.
type Gather struct {
	capture.Source
	limit   uint64                         // of packet numbers; 0 none
	takers  map[uint64][]Taker             // by shard, which tells most others' packets at a glance
	fresh   []Taker                        // whose key is not known yet
	num     uint64                         // the one packet asked for; 0 none
	spot    atomic.Pointer[capture.Packet] // it, once it passed: runs read ahead on a goroutine of their own
	frags   *defrag.Table
	dec     decode.Decoder
	local   capture.Packet
	reached uint64
}

// NewGather looks for packet num (0: none) and for the packets of takers, in the first
// limit packets (0: all).
func NewGather(src capture.Source, num, limit uint64, takers ...Taker) *Gather {
	g := &Gather{Source: src, num: num, limit: limit, takers: map[uint64][]Taker{}, frags: defrag.NewTable()}
	for _, t := range takers {
		if !t.Flow().Known {
			g.fresh = append(g.fresh, t)
			continue
		}
		g.take(t)
	}
	return g
}

func (g *Gather) take(t Taker) {
	shard := t.Flow().Key.Hash(0)
	g.takers[shard] = append(g.takers[shard], t)
}

// Spot is the one packet asked for, without its bytes; nil as long as it did not pass.
func (g *Gather) Spot() *capture.Packet { return g.spot.Load() }

// Reached is the number of the last packet that passed.
func (g *Gather) Reached() uint64 { return g.reached }

// Read implements capture.Source.
func (g *Gather) Read(b *capture.Batch) error {
	err := g.Source.Read(b)
	if g.limit != 0 {
		for len(b.Packets) > 0 && b.Packets[len(b.Packets)-1].Num > g.limit {
			b.Packets = b.Packets[:len(b.Packets)-1]
		}
		if len(b.Packets) == 0 && err == nil {
			return io.EOF
		}
	}
	for i := range b.Packets {
		g.look(&b.Packets[i])
		g.reached = max(g.reached, b.Packets[i].Num)
	}
	return err
}

// look gives a packet to those who take it.
func (g *Gather) look(p *capture.Packet) {
	wanted := g.num == p.Num ||
		slices.ContainsFunc(g.fresh, func(t Taker) bool { return uint64(t.Flow().ID) == p.Num })
	if p.Has&capture.Decoded == 0 && !wanted {
		if shard, ok := decode.Peek(p); ok && len(g.takers[shard]) == 0 {
			return
		}
	}
	q := &g.local
	*q = *p
	if q.Has&capture.Decoded == 0 {
		g.dec.Decode(q)
	}
	if q.Has&capture.IsFragment != 0 {
		f, ok := defrag.Of(q)
		if !ok {
			return
		}
		whole, ok := g.frags.Add(&f)
		if !ok {
			return
		}
		g.dec.DecodeIP(q, whole)
	}
	if g.num == p.Num {
		spot := *q
		spot.Frame, spot.Payload = nil, nil // the batch's
		g.spot.Store(&spot)
	}
	g.deal(q)
}

func (g *Gather) deal(p *capture.Packet) {
	g.fresh = slices.DeleteFunc(g.fresh, func(t Taker) bool {
		if !t.Flow().Of(p) {
			return false
		}
		g.take(t)
		return true
	})
	key := KeyOf(p)
	for _, t := range g.takers[key.Hash(0)] {
		if t.Flow().Of(p) {
			t.Add(p)
		}
	}
}
