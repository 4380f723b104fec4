package track

import (
	"strings"
	"unique"
	"unsafe"

	"chokepoint/classify/fact"
)

// names is what a flow calls its far end, compactly: many flows share a name,
// so each is held once.
type names struct {
	sni       unique.Handle[string]
	alpn      unique.Handle[string] // joined by a zero byte
	host      unique.Handle[string]
	method    unique.Handle[string]
	more      *moreNames
	sniPacket uint32 // less Flow.Num
	version   uint16 // of TLS, selected
	status    uint16 // of HTTP
	flags     nameFlag
	alerts    [2]uint8
}

type nameFlag uint8

const (
	hasHello nameFlag = 1 << iota
	hasECH
	postQuantum
	hasAlertUp
	hasAlertDown // the next bit, so that a direction shifts
	partialHello
	hasHost
)

// moreNames is what few flows have.
type moreNames struct {
	certs    []string
	location string
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
	n := namesSize + len(m.location)
	for _, c := range m.certs {
		n += 16 + len(c)
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
	return value(n.host)
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
		to.AlertUp = fact.Some(n.alerts[fact.Up])
	}
	if n.flags&hasAlertDown != 0 {
		to.AlertDown = fact.Some(n.alerts[fact.Down])
	}
	to.Method, to.Status = value(n.method), int(n.status)
	if m := n.more; m != nil {
		to.CertNames, to.Location = m.certs, m.location
	}
}

func joinALPN(list []string) unique.Handle[string] {
	return unique.Make(strings.Join(list, "\x00"))
}
