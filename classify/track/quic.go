package track

import (
	"bytes"
	"unique"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/quic"
)

// quic reads the hello out of a client's Initial packets, and looks at what the
// server makes of them.
func (t *Tracker) quic(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	if d == fact.Down {
		t.quicAnswer(f, k, p.Payload, e.Key.DstPort)
		return
	}
	if k.quic == nil && !t.beginQUIC(f, k, p) {
		return
	}
	status := t.feedQUIC(k.quic, p.Payload)
	if status == wire.Alien {
		t.freeQUIC(&k.quic)
		return
	}
	t.speaks(f, appQUIC)
	t.quicVersion(f, k.quic.Version())
	if k.quic.Other() {
		t.decoyQUIC(f, k, p)
	}
	switch {
	case status == wire.Done:
		if k.helloTTL == 0 {
			k.helloTTL = p.TTL
		}
		t.quicHello(f, k.quic, p.Num)
	case status == wire.Malformed && k.quic.Datagrams() >= quic.MaxDatagrams:
		// Before that, one that opens may follow those that did not.
		t.freeQUIC(&k.quic)
		t.freeQUIC(&k.decoy)
	}
}

// beginQUIC reports whether a packet may begin a connection whose hello can be
// read, and makes a reader for it.
func (t *Tracker) beginQUIC(f *Flow, k *speech, p *capture.Packet) bool {
	if t.appOf(f) == appQUIC { // its hello was read, or cannot be
		return false
	}
	if _, s := quic.Parse(p.Payload, &t.packet); s != wire.Done {
		return false
	}
	if v := t.packet.Version; v.GQUIC() {
		t.googleHello(f, v, p)
		return false
	}
	k.quic = t.newQUIC()
	return true
}

// feedQUIC adds a datagram to a hello and keeps account of its memory.
func (t *Tracker) feedQUIC(q *quic.Client, b []byte) wire.Status {
	before := q.Cap()
	s := q.Add(b)
	t.buffered += q.Cap() - before
	return s
}

// quicHello keeps the name of a hello that is complete.
func (t *Tracker) quicHello(f *Flow, q *quic.Client, num uint64) {
	n := t.needNames(f)
	if n.flags&(hasHello|partialHello) == hasHello {
		return
	}
	if s, _ := t.hello.ParseMessage(q.Hello()); s == wire.Done || s == wire.Malformed && t.hello.SNI != "" {
		n.hello = unique.Make(helloShape{quic: q.Version().String()})
		t.keepHello(f, num, 'q')
	}
}

// decoyQUIC reads the hello of a second connection that a client begins on the
// same ports before the first was answered: one of the two is made to mislead
// (precedence 11), and only the server's answer tells which.
func (t *Tracker) decoyQUIC(f *Flow, k *speech, p *capture.Packet) {
	if k.n[fact.Down] > 0 || k.decoy != nil && k.decoy.Hello() != nil {
		return
	}
	if k.decoy == nil {
		k.decoy = t.newQUIC()
	}
	if t.feedQUIC(k.decoy, p.Payload) != wire.Done {
		return
	}
	k.decoyAt = f.offset(p.Num)
	if s, _ := t.hello.ParseMessage(k.decoy.Hello()); s == wire.Done {
		t.doubt(f, &t.hello, p.Num, 'q')
		t.needMore(f).ttls = [2]uint8{k.helloTTL, p.TTL}
	}
}

// quicAnswer sees whom the server answers: it addresses its packets to the
// connection id that the client chose (RFC 9000 section 7.2).
func (t *Tracker) quicAnswer(f *Flow, k *speech, b []byte, port uint16) {
	if k.quic == nil {
		t.strangeQUIC(f, k, b, port)
		return
	}
	if _, s := quic.Parse(b, &t.packet); s == wire.Done {
		if k.decoy != nil {
			t.chooseQUIC(f, k, b)
		}
		switch t.packet.Type {
		case quic.Retry:
			k.quic.Retry(t.packet.SCID)
			return
		case quic.Negotiation:
			k.quic.Renegotiate()
			return
		}
	}
	if n := t.namesOf(f); n != nil && n.flags&(hasHello|partialHello) == hasHello {
		t.freeQUIC(&k.quic)
		t.freeQUIC(&k.decoy)
	}
}

// chooseQUIC settles which of two connections the server took up with a
// datagram, and with that whose hello is the client's: by the id it is addressed
// to, or, where clients have none of their own, by whose keys open it.
func (t *Tracker) chooseQUIC(f *Flow, k *speech, datagram []byte) {
	to, a, b := t.packet.DCID, k.quic.SCID(), k.decoy.SCID()
	first, second := bytes.Equal(to, a), bytes.Equal(to, b)
	if first && second {
		first, second = k.quic.Opens(datagram), k.decoy.Opens(datagram)
	}
	switch {
	case first == second:
		return
	case second:
		k.quic, k.decoy = k.decoy, k.quic
		n := t.needNames(f)
		n.flags &^= hasHello | partialHello
		n.sni, n.sniPacket = unique.Handle[string]{}, 0
		n.hello = unique.Make(helloShape{quic: k.quic.Version().String()})
		if k.quic.Hello() != nil {
			t.quicHello(f, k.quic, f.Num+uint64(k.decoyAt))
		}
	}
	t.freeQUIC(&k.decoy)
	t.trust(f)
}

// partialQUIC reads the name out of a hello whose rest never came.
func (t *Tracker) partialQUIC(f *Flow, k *speech) {
	if k.quic == nil {
		return
	}
	if n := t.namesOf(f); n != nil && n.flags&(hasHello|partialHello) == hasHello {
		return
	}
	if b := k.quic.Partial(); len(b) > 0 && t.hello.ParsePartialMessage(b) {
		t.keepHello(f, f.Num, 'q')
	}
}

// googleHello keeps the name of Google's QUIC before it had TLS.
func (t *Tracker) googleHello(f *Flow, v quic.Version, p *capture.Packet) {
	t.speaks(f, appQUIC)
	t.quicVersion(f, v)
	n := t.needNames(f)
	if name, ok := quic.CHLOName(p.Payload); ok && n.flags&hasHello == 0 {
		n.flags |= hasHello
		n.sniPacket, n.sni = f.offset(p.Num), hold(name)
	}
}

// quicVersion notes the version of a hello that may never be read.
func (t *Tracker) quicVersion(f *Flow, v quic.Version) {
	if n := t.needNames(f); n.hello == (unique.Handle[helloShape]{}) {
		n.hello = unique.Make(helloShape{quic: v.String()})
	}
}

// portHTTPS is where HTTP/3 is spoken (RFC 9114 section 3.1).
const portHTTPS = 443

// strangeQUIC recognises a version nobody here reads: by the server's answer to
// the id that the client chose for itself, or, where it chose none, by both sides
// naming the version at the port of the web.
func (t *Tracker) strangeQUIC(f *Flow, k *speech, b []byte, port uint16) {
	if t.appOf(f) != appUnknown {
		return
	}
	h := &k.heads[fact.Up]
	client, asked := quic.ParseInvariant(h.bytes[:h.n])
	server, answered := quic.ParseInvariant(b)
	if !asked || !answered {
		return
	}
	alike := port == portHTTPS && client.Opens(int(h.wire)) && server.Version == client.Version && len(server.DCID)+len(client.SCID) == 0
	if alike || server.Answers(&client) {
		t.speaks(f, appQUIC)
		t.quicVersion(f, client.Version)
	}
}
