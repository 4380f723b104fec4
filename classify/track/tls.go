package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/tls"
)

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
		t.keepHello(f, p.Num, 't')
		w.hello.Kind = "tls"
		t.speaks(f, appTLS)
		if w.hello.Data.Num == 0 {
			w.hello.End = base + uint32(n)
		}
		w.follow(fact.Up, base, b)
		w.helloAt = base
		w.heads[fact.Up].set(b, uint32(n))
		return true
	case wire.Malformed:
		if t.hello.SNI != "" {
			t.keepHello(f, p.Num, 't')
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

// keepHello stores what the hello in t.hello says; transport is as JA4 names it.
func (t *Tracker) keepHello(f *Flow, num uint64, transport byte) {
	n, h := t.needNames(f), &t.hello
	if n.flags&hasHello != 0 && n.flags&partialHello == 0 {
		return // the first hello of a flow names it
	}
	n.flags = n.flags&^partialHello | hasHello
	n.sniPacket = f.offset(num)
	if h.SNI != "" {
		n.sni = hold(h.SNI)
	}
	if h.Partial {
		n.flags |= partialHello
		return
	}
	n.hello = shapeOf(h, transport, value(n.hello).quic)
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
	if !t.flight.CertSeen || !c.Readable || n.more != nil && n.more.certs != nil {
		return
	}
	m := t.needMore(f)
	before := m.size()
	if len(c.DNSNames) == 0 && c.CommonName != "" {
		m.certs = append(m.certs, c.CommonName)
	}
	m.certs = append(m.certs, c.DNSNames[:min(len(c.DNSNames), maxCertNames)]...)
	for _, org := range [...]string{c.Org, c.IssuerOrg, c.IssuerName} {
		if org != "" {
			m.orgs = append(m.orgs, clip(org))
		}
	}
	t.side += m.size() - before
}
