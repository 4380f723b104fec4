package track

import (
	"strings"
	"unique"
	"unsafe"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/wire/tls"
)

// names is what a flow calls its far end, compactly: many flows share a name,
// so each is held once.
type names struct {
	sni       unique.Handle[string]
	hello     unique.Handle[helloShape]
	request   unique.Handle[request]
	more      *moreNames
	sniPacket uint32 // less Flow.Num
	version   uint16 // of TLS, selected
	status    uint16 // of HTTP
	flags     nameFlag
	alerts    [2]uint8
	app       app
	media     uint8 // set of rtp.Media
}

// helloShape is what many hellos have in common.
type helloShape struct {
	alpn string // joined by a zero byte
	ja4  string
	quic string // version
	ech  tls.ECH
	pq   bool
}

// request is what many requests have in common.
type request struct{ host, method string }

type nameFlag uint16

const (
	hasHello nameFlag = 1 << iota
	hasAlertUp
	hasAlertDown // the next bit, so that a direction shifts
	partialHello
	hasHost
	proxied // it was opened by CONNECT (RFC 9110 section 9.3.6): the server is a proxy
	decoyed // another hello came for the same bytes: which is the client's cannot be told
)

// moreNames is what few flows have.
type moreNames struct {
	certs    []string
	orgs     []string // of the certificate
	location string
	signs    []service.Sign
	second   string                    // the name in another hello for the same bytes
	shape    unique.Handle[helloShape] // of that
	secondAt uint32                    // packet that completed it, less Flow.Num
	ttls     [2]uint8                  // of the two hellos, where they came in datagrams
}

const (
	// maxCertNames is how many names of a certificate are kept: precedence by
	// certificate needs one that matches, and CDN certificates list hundreds.
	maxCertNames = 32
	namesSize    = int(unsafe.Sizeof(names{}))
	// nameSlab is how many names are allocated together.
	nameSlab = 256
)

// size is what hangs off names, bytes, roughly.
func (m *moreNames) size() int {
	if m == nil {
		return 0
	}
	n := int(unsafe.Sizeof(*m)) + len(m.location) + len(m.second)
	for _, list := range [2][]string{m.certs, m.orgs} {
		for _, c := range list {
			n += stringSize + len(c)
		}
	}
	for i := range m.signs {
		n += int(unsafe.Sizeof(m.signs[i])) + len(m.signs[i].Value)
	}
	return n
}

// namesOf returns the names of a flow, nil if it has none.
func (t *Tracker) namesOf(f *Flow) *names {
	if f.names == 0 {
		return nil
	}
	return &t.names[(f.names-1)/nameSlab][(f.names-1)%nameSlab]
}

// needNames returns the names of a flow, making them.
func (t *Tracker) needNames(f *Flow) *names {
	if f.names == 0 {
		if k := len(t.freeNames); k > 0 {
			f.names, t.freeNames = t.freeNames[k-1], t.freeNames[:k-1]
		} else {
			if t.usedNames%nameSlab == 0 {
				t.names = append(t.names, new([nameSlab]names))
			}
			t.usedNames++
			f.names = t.usedNames
		}
		t.side += namesSize
	}
	return t.namesOf(f)
}

// needMore returns what few flows have, making it.
func (t *Tracker) needMore(f *Flow) *moreNames {
	n := t.needNames(f)
	if n.more == nil {
		n.more = &moreNames{}
		t.side += n.more.size()
	}
	return n.more
}

// freeNamesOf gives a flow's names back.
func (t *Tracker) freeNamesOf(f *Flow) {
	n := t.namesOf(f)
	if n == nil {
		return
	}
	t.side -= namesSize + n.more.size()
	*n = names{}
	t.freeNames = append(t.freeNames, f.names)
	f.names = 0
}

// nameOf returns SNI or Host, "" without.
func (t *Tracker) nameOf(f *Flow) string {
	n := t.namesOf(f)
	if n == nil {
		return ""
	}
	if s := value(n.sni); s != "" {
		return s
	}
	return value(n.request).host
}

// doubtful reports whether two hellos name two servers.
func (n *names) doubtful() bool {
	return n != nil && n.flags&decoyed != 0 && n.more.second != value(n.sni)
}

// value returns what a handle holds, zero for none.
func value[T comparable](h unique.Handle[T]) (v T) {
	if h == (unique.Handle[T]{}) {
		return v
	}
	return h.Value()
}

// hold returns a handle for a string that lies in foreign memory.
func hold(s string) unique.Handle[string] {
	return unique.Make(strings.Clone(s))
}

// write copies the names out.
func (n *names) write(to *fact.Names, first uint64) {
	if n == nil {
		return
	}
	to.SNI = value(n.sni)
	if n.flags&hasHello != 0 {
		n.writeHello(to, first)
	}
	if n.doubtful() {
		to.Decoy = n.more.second
	}
	to.TLSVersion, to.Proxied = n.version, n.flags&proxied != 0
	if n.flags&hasAlertUp != 0 {
		to.AlertUp = fact.Some(n.alerts[fact.Up])
	}
	if n.flags&hasAlertDown != 0 {
		to.AlertDown = fact.Some(n.alerts[fact.Down])
	}
	r := value(n.request)
	to.Host, to.Method, to.Status = r.host, r.method, int(n.status)
	if m := n.more; m != nil {
		to.CertNames, to.CertOrgs, to.Location = m.certs, m.orgs, m.location
	}
}

// writeHello copies out what the client's hello says.
func (n *names) writeHello(to *fact.Names, first uint64) {
	to.SNIPacket = first + uint64(n.sniPacket)
	value(n.hello).write(to)
}

func (h helloShape) write(to *fact.Names) {
	to.JA4, to.PQ, to.ECH, to.ALPN = h.ja4, h.pq, h.ech.String(), nil
	if h.alpn != "" {
		to.ALPN = strings.Split(h.alpn, "\x00")
	}
}

// shapeOf returns the shape of a hello that came over a transport, as JA4 names
// it.
func shapeOf(h *tls.ClientHello, transport byte, quic string) unique.Handle[helloShape] {
	return unique.Make(helloShape{
		alpn: strings.Join(h.ALPN, "\x00"), ja4: h.JA4(transport), quic: quic, ech: h.ECH, pq: h.PostQuantum,
	})
}
