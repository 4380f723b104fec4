package explain

import (
	"io"
	"slices"
	"sync/atomic"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
)

// Gather is a source that looks at what passes through it: it gives the packets
// of some flows to their ladders and copies the rest unseen. It ends after as
// many packets as a first run has read, so that a capture that grows meanwhile is
// the same both times.
type Gather struct {
	capture.Source
	limit   uint64                         // of packet numbers; 0 none
	ladders map[uint64][]*ladder           // by shard, which tells most others' packets at a glance
	fresh   []*ladder                      // whose key is not known yet
	num     uint64                         // the one packet asked for; 0 none
	spot    atomic.Pointer[capture.Packet] // it, once it passed: runs read ahead on a goroutine of their own
	frags   *defrag.Table
	dec     decode.Decoder
	local   capture.Packet
	reached uint64
}

// newGather looks for packet num (0: none) and for the packets of ladders.
func newGather(src capture.Source, num, limit uint64, ladders []*ladder) *Gather {
	g := &Gather{Source: src, num: num, limit: limit, ladders: map[uint64][]*ladder{}, frags: defrag.NewTable()}
	for _, l := range ladders {
		if !l.known {
			g.fresh = append(g.fresh, l)
			continue
		}
		shard := l.key.Hash(0)
		g.ladders[shard] = append(g.ladders[shard], l)
	}
	return g
}

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

// look gives a packet to the ladders it is of.
func (g *Gather) look(p *capture.Packet) {
	wanted := g.num == p.Num ||
		slices.ContainsFunc(g.fresh, func(l *ladder) bool { return uint64(l.id) == p.Num })
	if p.Has&capture.Decoded == 0 && !wanted {
		if shard, ok := decode.Peek(p); ok && len(g.ladders[shard]) == 0 {
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
	g.fresh = slices.DeleteFunc(g.fresh, func(l *ladder) bool {
		if !l.of(p) {
			return false
		}
		shard := l.key.Hash(0)
		g.ladders[shard] = append(g.ladders[shard], l)
		return true
	})
	key := keyOf(p)
	for _, l := range g.ladders[key.Hash(0)] {
		if l.of(p) {
			l.add(p)
		}
	}
}
