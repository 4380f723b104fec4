package track

import (
	"bytes"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/http"
	"chokepoint/classify/wire/stun"
	"chokepoint/classify/wire/tls"
)

const (
	portDNS = 53
	// maxTries is how many segments may fail to begin a message before a
	// stream is given up: STARTTLS and proxies talk a few lines first.
	maxTries = 16
	// bufferShare is the part of the budget that streams being parsed may hold.
	bufferShare = 8
)

// quota is how many bytes of a stream a parser may ask for.
func (p parser) quota() int {
	switch p {
	case asHTTP:
		return http.MaxHead
	case asDNS:
		return 2 + 1<<16
	}
	return tls.MaxHello
}

// parse hands a segment to the parser of its stream.
func (t *Tracker) parse(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, n novelty) {
	f := &e.Rec
	w := t.extras[f.x].work
	h := &w.streams[d]
	w.records[d].feed(&f.sides[d], p)
	if h.done {
		if n == again || h.buf != nil || d == fact.Up && before(p.Seq, w.hello.End) {
			t.repeated(id, e, d, p, h)
		} else if h.parser == asTLS && len(p.Payload) > 0 && p.Payload[0] == tlsAlert {
			t.lateAlert(f, d, p.Payload)
		}
		return
	}
	if len(p.Payload) == 0 {
		return
	}
	if h.buf != nil {
		t.collect(id, e, d, p, h)
		return
	}
	if n == again {
		return // whatever it was, it was looked at
	}
	base, seq := dataSeq(p), dataSeq(p)
	if s := &f.sides[d]; h.tries == 0 && s.flags&hasISN != 0 && seq-(s.isn+1) < tls.MaxHello {
		base = s.isn + 1
	}
	if base == seq {
		t.begins(id, e, d, p, h)
		return
	}
	h.want = 1
	t.startBuffer(h, base)
	t.collect(id, e, d, p, h)
}

// begins tries a segment that may begin a message, and keeps it if more is
// wanted.
func (t *Tracker) begins(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half) {
	short := len(p.Payload) < minSniff
	h.parser = sniff(e, d, p.Payload)
	if h.parser == unsure && !short {
		t.barePage(id, &e.Rec, d, p, h)
		t.strange(e, d, h, dataSeq(p), p.Payload, int(p.PayloadLen))
		return
	}
	if t.attempt(id, e, d, p, h, p.Payload, dataSeq(p)) {
		t.settleStream(h)
		return
	}
	if h.buf == nil && (h.parser != unsure || short) {
		t.startBuffer(h, dataSeq(p))
		t.add(id, e, d, p, h)
	}
}

// another waits for another message: this one tells nothing. It reports
// whether there were too many.
func (h *half) another() bool {
	h.parser = unsure
	h.tries++
	return h.tries >= maxTries
}

// strange asks the rules for a payload at sequence number seq that none of our
// parsers is for.
func (t *Tracker) strange(e *flow.Entry[Flow], d fact.Dir, h *half, seq uint32, b []byte, size int) {
	f := &e.Rec
	s := &f.sides[d]
	w := t.extras[f.x].work
	h.done = h.another()
	if h.tries > early {
		return
	}
	if h.tries == 1 {
		h.late = s.flags&hasISN == 0 || seq != s.isn+1
	}
	p := service.Payload{Nth: h.tries, Bytes: b, Len: size}
	if h.late { // what is first here was not first there
		p.Nth += 2
	}
	if n, s := stun.Frame(b); s == wire.Done && t.stun.Parse(b[:n], n) == wire.Done {
		t.speaksSTUN(f, &t.stun)
		p.STUN = &t.stun
	}
	t.recognise(f, e, d, &w.heads, p)
	if h.tries == 1 && !h.late {
		w.heads[d].set(b, uint32(size))
	}
}

// minSniff is how many bytes tell the protocols apart.
const minSniff = 5

// sniff says what a stream begins as.
func sniff(e *flow.Entry[Flow], d fact.Dir, b []byte) parser {
	switch {
	case e.Key.DstPort == portDNS || e.Key.SrcPort == portDNS:
		return asDNS
	case len(b) < minSniff:
		return unsure
	case b[0] >= 20 && b[0] <= 22 && b[1] == 3:
		return asTLS
	case d == fact.Up && b[0]&0x80 != 0 && b[2] == 1 && b[3] == 3: // SSLv2 hello
		return asTLS
	case d == fact.Up && httpMethod(b), d == fact.Down && bytes.HasPrefix(b, []byte("HTTP/")):
		return asHTTP
	}
	return unsure
}

// httpMethod reports whether b begins with capital letters and a blank, as a
// request line does.
func httpMethod(b []byte) bool {
	for i, c := range b {
		switch {
		case c == ' ':
			return i >= 3
		case c < 'A' || c > 'Z' || i >= 10:
			return false
		}
	}
	return len(b) >= 3
}

// startBuffer begins to collect a stream.
func (t *Tracker) startBuffer(h *half, base uint32) {
	if n := len(t.spare); n > 0 {
		h.buf, t.spare = t.spare[n-1], t.spare[:n-1]
		t.buffered += h.buf.Cap()
	} else {
		h.buf = &stream.Buffer{}
	}
	h.buf.Start(base, h.parser.quota())
}

// freeBuffer gives a stream's memory back. Large ones are left to the garbage
// collector, so that a few long hellos do not keep it for ever.
func (t *Tracker) freeBuffer(h *half) {
	if h.buf == nil {
		return
	}
	t.buffered -= h.buf.Cap()
	if h.buf.Cap() <= 4<<10 && len(t.spare) < 64 {
		t.spare = append(t.spare, h.buf)
	}
	h.buf = nil
}

// settleStream ends the parsing of a stream.
func (t *Tracker) settleStream(h *half) {
	h.done = true
	t.freeBuffer(h)
}

// collect adds a segment to a buffered stream and tries again when enough is
// there.
func (t *Tracker) collect(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half) {
	t.add(id, e, d, p, h)
	b := h.buf.Bytes()
	if len(b) < h.want {
		if !t.relieve() {
			t.settleStream(h)
		}
		return
	}
	if h.parser == unsure && len(b) >= minSniff {
		if h.parser = sniff(e, d, b); h.parser == unsure {
			t.strange(e, d, h, h.buf.Base(), b, len(b))
			t.freeBuffer(h)
			return
		}
	}
	if t.attempt(id, e, d, p, h, b, h.buf.Base()) || h.buf != nil && h.buf.Full() {
		t.settleStream(h)
	}
}

// add puts a segment into its buffer. Bytes that contradict those that are
// there already are evidence; a lone byte is a keep-alive's.
func (t *Tracker) add(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half) {
	before := h.buf.Cap()
	r := h.buf.Add(dataSeq(p), p.Payload)
	t.buffered += h.buf.Cap() - before
	if r.Conflict {
		t.contradicted(id, &e.Rec, d, p, h, &r)
	}
}

// attempt parses the bytes of a stream that begins at sequence number base and
// reports whether all was learnt that will be. More bytes are wanted otherwise.
func (t *Tracker) attempt(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half, b []byte, base uint32) bool {
	switch h.parser {
	case asTLS:
		if d == fact.Up {
			return t.clientTLS(e, p, h, b, base)
		}
		return t.serverTLS(e, p, h, b, base)
	case asHTTP:
		if d == fact.Up {
			return t.httpRequest(&e.Rec, h, b)
		}
		return t.httpResponse(id, e, p, h, b)
	case asDNS:
		return t.dnsStream(id, e, d, p, h, b)
	}
	h.want = minSniff
	return false
}
