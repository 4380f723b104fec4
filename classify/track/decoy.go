package track

import (
	"bytes"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/tls"
)

// Hellos that are made up to mislead boxes on the path (precedence 11).

// repeated compares a hello sent again with the one that was parsed: decoys and
// forged copies differ. One that comes in several segments is collected.
func (t *Tracker) repeated(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half) {
	f := &e.Rec
	w := t.extras[f.x].work
	if d != fact.Up || h.parser != asTLS || len(p.Payload) == 0 {
		return
	}
	seq := dataSeq(p)
	alike, overlaps := w.heads[d].compare(w.helloAt, seq, p.Payload)
	switch {
	case h.buf != nil:
		if !alike || !overlaps {
			t.collectSecond(f, w, p, h)
		}
		return
	case !before(seq, w.hello.End):
		return
	}
	if seq == w.helloAt && len(p.Payload) >= minSniff {
		if status, _ := t.hello.Parse(p.Payload); status == wire.Done {
			if n := t.namesOf(f); n != nil && t.hello.SNI != value(n.sni) {
				t.doubt(f, &t.hello, p.Num, 't')
				t.conflict(id, f, d, p, p.Seq, p.PayloadLen)
			}
			return
		}
	}
	if alike || w.hello.Data.Num != 0 {
		return
	}
	t.doubt(f, nil, p.Num, 't')
	t.conflict(id, f, d, p, p.Seq, p.PayloadLen)
	h.want = 0
	t.startBuffer(h, w.helloAt)
	t.collectSecond(f, w, p, h)
}

// collectSecond adds a segment to another hello for the same bytes.
func (t *Tracker) collectSecond(f *Flow, w *work, p *capture.Packet, h *half) {
	if w.hello.Data.Num != 0 { // it was answered: too late for another
		t.freeBuffer(h)
		return
	}
	before := h.buf.Cap()
	h.buf.Add(dataSeq(p), p.Payload)
	t.buffered += h.buf.Cap() - before
	b := h.buf.Bytes()
	full := h.buf.Full() || !t.relieve()
	if len(b) < max(h.want, 1) && !full {
		return
	}
	switch status, _ := t.hello.Parse(b); {
	case status == wire.Done:
		t.doubt(f, &t.hello, p.Num, 't')
	case status == wire.NeedMore && !full:
		h.want = len(b) + t.hello.Want()
		return
	}
	t.freeBuffer(h)
}

// compare reports whether payload at a sequence number is what a stream that
// begins at base had there, as far as its head tells, and whether it tells.
func (h *head) compare(base, seq uint32, b []byte) (alike, tells bool) {
	at := int(int32(seq - base))
	if at < 0 {
		b, at = b[min(-at, len(b)):], 0
	}
	n := min(len(b), int(h.n)-at)
	if n <= 0 {
		return true, false
	}
	return bytes.Equal(h.bytes[at:at+n], b[:n]), true
}

// doubt notes that another hello came for the same bytes of a flow, or on the
// same ports; nil: its name is not known yet.
func (t *Tracker) doubt(f *Flow, second *tls.ClientHello, num uint64, transport byte) {
	n, m := t.needNames(f), t.needMore(f)
	n.flags |= decoyed
	if second == nil || m.second != "" {
		return
	}
	before := m.size()
	m.second, m.shape, m.secondAt = clip(second.SNI), shapeOf(second, transport, value(n.hello).quic), f.offset(num)
	t.side += m.size() - before
}

// trust takes a doubt back.
func (t *Tracker) trust(f *Flow) {
	n := t.namesOf(f)
	if n == nil || n.flags&decoyed == 0 {
		return
	}
	n.flags &^= decoyed
	t.side -= len(n.more.second)
	n.more.second = ""
}

// settleDecoy tells the client's hello from another one for the same bytes by
// the TTL: who makes hellos up to mislead lets them die on the way. Where both
// came alike, both names are left out.
func (t *Tracker) settleDecoy(f *Flow, to *fact.Flow) {
	n := t.namesOf(f)
	if !n.doubtful() {
		return
	}
	usual := f.sides[fact.Up].ttl
	if m := n.more; m.ttls[0] != m.ttls[1] && (m.ttls[0] == usual || m.ttls[1] == usual) {
		if to.Names.Decoy = ""; m.ttls[1] == usual {
			n.writeSecond(&to.Names, f.Num)
		}
		return
	}
	for i := range to.Conflicts {
		c := &to.Conflicts[i]
		first, next := c.FirstTTL == usual, c.NextTTL == usual
		if c.Dir != fact.Up || first == next {
			continue
		}
		if to.Names.Decoy = ""; next {
			n.writeSecond(&to.Names, f.Num)
		}
		return
	}
	if n.more.second == "" { // nothing but the one that is in doubt
		to.Names.SNI, to.Names.Decoy = "", to.Names.SNI
	}
}

// writeSecond copies out the other hello instead of the first.
func (n *names) writeSecond(to *fact.Names, first uint64) {
	if n.more.second == "" { // it was not read
		to.SNI, to.SNIPacket, to.JA4, to.ALPN, to.ECH, to.PQ = "", 0, "", nil, "", false
		return
	}
	to.SNI, to.SNIPacket = n.more.second, first+uint64(n.more.secondAt)
	value(n.more.shape).write(to)
}
