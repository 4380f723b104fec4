package track

import (
	"encoding/binary"
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/fact/medialog"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
)

const (
	callShare   = 64 // of the budget: media of calls
	callSize    = unsafe.Sizeof(call{})
	eventSize   = unsafe.Sizeof(fact.MediaEvent{})
	eventsShare = 32 // of the budget: what passed since a call began to lose
	maxCallers  = 64 // that a shard tells of at a tick
)

// call is the media of a flow that carries a call.
type call struct {
	place
	medialog.Log
}

// eventPool lends buffers of events.
type eventPool struct {
	limit, made int
	free        [][]fact.MediaEvent
}

// get returns a buffer, nil when all are lent.
func (b *eventPool) get() []fact.MediaEvent {
	if n := len(b.free); n > 0 {
		buf := b.free[n-1]
		b.free = b.free[:n-1]
		return buf
	}
	if b.made >= max(b.limit, 1) {
		return nil
	}
	b.made++
	return make([]fact.MediaEvent, 0, medialog.MaxEvents)
}

func (b *eventPool) bytes() int { return b.made * medialog.MaxEvents * int(eventSize) }

// Callers hands over who had media of a call since the last time, each about once a
// second. The list is valid until then.
func (t *Tracker) Callers() []fact.Passer {
	out := t.callers
	t.callers = t.callers[:0]
	return out
}

// hasCall notes that somebody has media of a call.
func (t *Tracker) hasCall(id flow.ID, f *Flow) {
	if t.callers == nil {
		t.callers = make([]fact.Passer, 0, maxCallers)
	}
	if len(t.callers) < maxCallers {
		t.callers = append(t.callers, fact.Passer{Client: t.Table.At(id).Key.SrcAddr(), If: f.ifc})
	}
}

// callOf returns the record of a flow's media, making one where a call is under way:
// media without STUN or a reflector's hello before them are somebody else's, until
// they prove to be RTP.
func (t *Tracker) callOf(id flow.ID, f *Flow, k *vigil, now int64) *call {
	x := t.extraOf(f)
	if c := x.call; c != nil {
		if c.stale(now) {
			c.used = now
			t.calls.touch(c.slot)
			t.hasCall(id, f)
		}
		return c
	}
	if a := t.appOf(f); a < appSTUN && k.First != fact.AskReflector && k.Ask != fact.AskReflector {
		return nil
	}
	c, at := take(t, &t.calls, id, now, (*Tracker).freeCall)
	*c = call{place: at}
	t.hasCall(id, f)
	if k.Media[fact.Up].Count+k.Media[fact.Down].Count > 1 || k.Late {
		c.Late()
	}
	x.call = c
	return c
}

func (t *Tracker) freeCall(x *extra) {
	c := x.call
	if c == nil {
		return
	}
	for _, buf := range c.Return() {
		if buf != nil {
			t.events.free = append(t.events.free, buf[:0])
		}
	}
	t.calls.put(c.slot)
	x.call = nil
}

// hearCall books what a datagram tells of the quality of a call.
func (t *Tracker) hearCall(id flow.ID, e *flow.Entry[Flow], k *vigil, d fact.Dir, p *capture.Packet, w utterance) {
	f := &e.Rec
	if !w.media {
		if x := t.extraOf(f); x.call != nil {
			x.call.echo(d, p)
		}
		return
	}
	c := t.callOf(id, f, k, p.Time)
	if c == nil {
		return
	}
	b, size := innermost(p.Payload, int(p.PayloadLen))
	if segs := uint32(max(p.Segs, 1)); segs > 1 {
		c.Merged(segs)
	}
	g := medialog.Datagram{Num: p.Num, Time: p.Time, Len: p.IPLen, Size: uint32(max(size, 0))}
	switch {
	case len(b) == 0 || rtp.Demux(b[0]) != rtp.RTP:
	case rtp.ParseCut(b, size, &t.rtp):
		g.RTP = &t.rtp
	case len(b) == size && rtp.ParseRTCP(b, &t.rtcp):
		for i := range t.rtcp.NBlocks {
			c.Report(d, &t.rtcp.Blocks[i], fact.Mark{Num: p.Num, Time: p.Time})
		}
		return
	}
	bad, met := c.Add(d, &g)
	if bad {
		t.mark(id, f)
	}
	if met && len(t.streams) < maxStreams {
		t.streams = append(t.streams, StreamSeen{Num: p.Num, Flow: fact.FlowID(f.Num), Key: fact.StreamKey{Client: e.Key.SrcAddr(), SSRC: g.RTP.SSRC}})
	}
	if c.Wants(d) {
		if buf := t.events.get(); buf != nil {
			c.Lend(d, buf)
		}
	}
}

// innermost is what a relay carries, else the datagram itself; size is its length on
// the wire.
func innermost(b []byte, size int) ([]byte, int) {
	if len(b) == 0 {
		return b, size
	}
	if _, _, ok := stun.Kind(b); ok {
		if at, ok := stun.Carries(b, stun.AttrData); ok && at <= len(b) {
			return b[at:min(len(b), at+attrLen(b, at))], attrLen(b, at)
		}
		return nil, 0
	}
	if rtp.Demux(b[0]) == rtp.TURNChannel {
		if _, inner, ok := stun.ChannelHead(b, size); ok {
			return inner, int(binary.BigEndian.Uint16(b[2:]))
		}
	}
	return b, size
}

// attrLen is the length of the attribute whose value begins at an offset.
func attrLen(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at-2:])) }

// echo books questions of the client and their answers: those of the far end are
// answered at the tap or close to it, and tell nothing of the path.
func (c *call) echo(d fact.Dir, p *capture.Packet) {
	id, asks, ok := transaction(p.Payload, int(p.PayloadLen))
	switch {
	case !ok || asks != (d == fact.Up):
	case asks:
		c.Ask(id, p.Time)
	default:
		c.Answer(id, p.Time)
	}
}

// transaction is what a question and its answer have in common.
func transaction(b []byte, size int) (id uint32, asks, ok bool) {
	if class, method, ok := stun.Kind(b); ok {
		if len(b) < stun.HeaderLen || class == stun.Indication {
			return 0, false, false
		}
		asks = class == stun.Request || class == stun.Private && method != stun.WhatsAppPong
		return binary.BigEndian.Uint32(b[8:]) ^ binary.BigEndian.Uint32(b[12:]) ^ binary.BigEndian.Uint32(b[16:]), asks, true
	}
	switch mtproto.Reflector(b, size) {
	case mtproto.ReflectorNone:
		return 0, false, false
	case mtproto.ReflectorReply:
		return 1, false, true
	}
	return 1, true, true
}

// callEnds has a call judged that is over, if its last window was bad.
func (t *Tracker) callEnds(f *Flow) {
	if x := t.extraOf(f); x != nil && x.call != nil && x.call.Bad() {
		f.flags |= suspect
	}
}
