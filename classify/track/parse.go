package track

import (
	"bytes"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/http"
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
		if n == again {
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
		h.done = h.another()
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
	if h.buf.Cap() <= 8<<10 && len(t.spare) < 64 {
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
		if t.buffered > t.conf.Memory/bufferShare {
			t.settleStream(h)
		}
		return
	}
	if h.parser == unsure && len(b) >= minSniff {
		if h.parser = sniff(e, d, b); h.parser == unsure {
			h.done = h.another()
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
	if r.Conflict && r.Span > 1 {
		t.conflict(id, &e.Rec, d, p, h.buf.Base()+uint32(r.At), uint32(r.Span))
	}
}

// tlsAlert is the content type of alerts (RFC 8446 section 5.1).
const tlsAlert = 21

// lateAlert notes an alert in the clear after the hellos: a side that refuses
// the other says so before it hangs up.
func (t *Tracker) lateAlert(f *Flow, d fact.Dir, b []byte) {
	if a, ok := tls.ParseAlert(b); ok {
		t.needNames(f).alert(d, a)
	}
}

func (n *names) alert(d fact.Dir, a tls.Alert) {
	n.alerts[d], n.flags = a.Description, n.flags|hasAlertUp<<d
}

// repeated compares a hello sent again with the one that was parsed: decoys and
// forged copies differ.
func (t *Tracker) repeated(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, h *half) {
	f := &e.Rec
	w := t.extras[f.x].work
	if d != fact.Up || h.parser != asTLS || !before(p.Seq, w.hello.End) || len(p.Payload) < minSniff || p.Payload[0] != 22 {
		return
	}
	if status, _ := t.hello.Parse(p.Payload); status == wire.Done && t.hello.SNI != t.nameOf(f) {
		t.conflict(id, f, d, p, p.Seq, p.PayloadLen)
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
		return t.httpResponse(&e.Rec, h, b)
	case asDNS:
		return t.dnsStream(id, e, d, p, h, b)
	}
	h.want = minSniff
	return false
}

// clientTLS reads the ClientHello.
func (t *Tracker) clientTLS(e *flow.Entry[Flow], p *capture.Packet, h *half, b []byte, base uint32) bool {
	f := &e.Rec
	w := t.extras[f.x].work
	status, n := t.hello.Parse(b)
	switch status {
	case wire.NeedMore:
		h.want = len(b) + t.hello.Want()
		return false
	case wire.Done:
		t.keepHello(f, p.Num)
		w.hello.Kind = "tls"
		if w.hello.Data.Num == 0 {
			w.hello.End = base + uint32(n)
		}
		w.follow(fact.Up, base, b)
		return true
	case wire.Malformed:
		if t.hello.SNI != "" {
			t.keepHello(f, p.Num)
		}
	}
	return true
}

// follow starts the record cursor of a side behind the bytes parsed.
func (w *work) follow(d fact.Dir, base uint32, b []byte) {
	r := &w.records[d]
	*r = records{on: true, next: base + uint32(len(b))}
	r.cursor.Feed(b, len(b))
}

// keepHello stores what the hello in t.hello says.
func (t *Tracker) keepHello(f *Flow, num uint64) {
	n, h := t.needNames(f), &t.hello
	if n.flags&hasHello != 0 && n.flags&partialHello == 0 {
		return // the first hello of a flow names it
	}
	n.flags = n.flags&^partialHello | hasHello
	n.sniPacket = f.offset(num)
	if h.SNI != "" {
		n.sni = hold(h.SNI)
	}
	if len(h.ALPN) > 0 {
		n.alpn = joinALPN(h.ALPN)
	}
	if h.ECH == tls.ECHOuter || h.ECH == tls.ESNI {
		n.flags |= hasECH
	}
	if h.PostQuantum {
		n.flags |= postQuantum
	}
	if h.Partial {
		n.flags |= partialHello
	}
}

// serverTLS reads the server's flight up to the start of encryption.
func (t *Tracker) serverTLS(e *flow.Entry[Flow], p *capture.Packet, h *half, b []byte, base uint32) bool {
	f := &e.Rec
	status, _ := t.flight.Parse(b)
	if status == wire.NeedMore {
		h.want = len(b) + t.flight.Want()
	}
	if status == wire.Alien {
		return true
	}
	if t.flight.HelloSeen || len(t.flight.Alerts) > 0 || t.flight.CertSeen {
		t.keepFlight(f)
	}
	if status == wire.Done {
		t.extras[f.x].work.follow(fact.Down, base, b)
	}
	// A certificate names the server only where the client did not.
	return status != wire.NeedMore || t.flight.HelloSeen && t.nameOf(f) != ""
}

func (t *Tracker) keepFlight(f *Flow) {
	n := t.needNames(f)
	if t.flight.HelloSeen {
		n.version = t.flight.Hello.Version
	}
	if a := t.flight.Alerts; len(a) > 0 {
		n.alert(fact.Down, a[len(a)-1])
	}
	c := &t.flight.Cert
	if !t.flight.CertSeen || !c.Readable || n.more != nil {
		return
	}
	m := &moreNames{}
	if len(c.DNSNames) == 0 && c.CommonName != "" {
		m.certs = append(m.certs, c.CommonName)
	}
	m.certs = append(m.certs, c.DNSNames[:min(len(c.DNSNames), maxCertNames)]...)
	n.more = m
	t.side += m.size()
}

func (t *Tracker) httpRequest(f *Flow, h *half, b []byte) bool {
	status, _ := t.request.Parse(b)
	if status == wire.NeedMore {
		h.want = len(b) + 1
	}
	if status == wire.Alien { // EHLO looks like a method
		t.freeBuffer(h)
		return h.another()
	}
	r := &t.request
	if r.Host == "" && status == wire.NeedMore {
		return false
	}
	n := t.needNames(f)
	if n.flags&hasHost == 0 && r.Method != "CONNECT" {
		if r.Host != "" {
			n.host = hold(r.Host)
		}
		n.flags |= hasHost
		n.method = hold(r.Method)
		if w := t.extras[f.x].work; w != nil && w.hello.Kind == "other" {
			w.hello.Kind = "http"
		}
	}
	if r.Method == "CONNECT" { // a hello follows on the same stream
		t.freeBuffer(h)
		return h.another()
	}
	return status != wire.NeedMore
}

func (t *Tracker) httpResponse(f *Flow, h *half, b []byte) bool {
	status, _ := t.response.Parse(b)
	if status == wire.NeedMore {
		h.want = len(b) + 1
	}
	r := &t.response
	if status == wire.Alien || r.Code == 0 {
		return status != wire.NeedMore
	}
	n := t.needNames(f)
	n.status = uint16(r.Code)
	if r.Location != "" && n.more == nil {
		n.more = &moreNames{location: strings.Clone(r.Location)}
		t.side += n.more.size()
	}
	// The bytes stay to be compared: a forged answer and the true one overlap.
	return false
}
