package track

import (
	"strings"
	"unique"

	"chokepoint/classify/fact"
)

// names is what a flow calls its far end, compactly: many flows share a name,
// so each is held once.
type names struct {
	sni       unique.Handle[string]
	alpn      unique.Handle[string] // joined by a zero byte
	host      unique.Handle[string]
	more      *moreNames
	sniPacket uint32 // less Flow.Num
	version   uint16 // of TLS, selected
	flags     nameFlag
	alertUp   uint8
	alertDown uint8
}

type nameFlag uint8

const (
	hasHello nameFlag = 1 << iota
	hasECH
	postQuantum
	hasAlertUp
	hasAlertDown
	partialHello
	hasHost
)

// moreNames is what few flows have.
type moreNames struct {
	certs    []string
	method   string
	status   int
	location string
	title    string
}

const (
	// maxCertNames is how many names of a certificate are kept: precedence by
	// certificate needs one that matches, and CDN certificates list hundreds.
	maxCertNames = 32
	namesSize    = 64
)

func (n *names) size() int {
	size := namesSize
	if m := n.more; m != nil {
		size += namesSize + len(m.method) + len(m.location)
		for _, c := range m.certs {
			size += 16 + len(c)
		}
	}
	return size
}

// needNames returns the names of a flow, making them.
func (t *Tracker) needNames(f *Flow) *names {
	x := t.needExtra(f)
	if x.names == nil {
		x.names = &names{}
		t.side += namesSize
	}
	return x.names
}

// nameOf returns SNI or Host, "" without.
func (t *Tracker) nameOf(f *Flow) string {
	x := t.extraOf(f)
	if x == nil || x.names == nil {
		return ""
	}
	if s := value(x.names.sni); s != "" {
		return s
	}
	return value(x.names.host)
}

func value(h unique.Handle[string]) string {
	if h == (unique.Handle[string]{}) {
		return ""
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
	to.SNI, to.Host = value(n.sni), value(n.host)
	if n.flags&hasHello != 0 {
		to.SNIPacket = first + uint64(n.sniPacket)
		to.ECH = "none"
		if n.flags&hasECH != 0 {
			to.ECH = "outer"
		}
	}
	if a := value(n.alpn); a != "" {
		to.ALPN = strings.Split(a, "\x00")
	}
	to.TLSVersion, to.PQ = n.version, n.flags&postQuantum != 0
	if n.flags&hasAlertUp != 0 {
		to.AlertUp = fact.Some(n.alertUp)
	}
	if n.flags&hasAlertDown != 0 {
		to.AlertDown = fact.Some(n.alertDown)
	}
	if m := n.more; m != nil {
		to.CertNames, to.Method, to.Status, to.Location = m.certs, m.method, m.status, m.location
	}
}

func (n *names) needMore() *moreNames {
	if n.more == nil {
		n.more = &moreNames{}
	}
	return n.more
}

func clone(s string) string { return strings.Clone(s) }

func joinALPN(list []string) unique.Handle[string] {
	return unique.Make(strings.Join(list, "\x00"))
}
