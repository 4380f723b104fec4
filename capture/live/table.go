//go:build linux

package live

import (
	"slices"
	"sync"
	"sync/atomic"

	"chokepoint/capture"
)

// maxKnown bounds how many interface indices are remembered: one that is made
// anew gets a new index each time, and only records under way have the old one.
const maxKnown = 64

// device is an interface as the kernel describes it.
type device struct {
	index int
	name  string // foreign text
	kind  string // the hardware type (ARPHRD_*) as package netlink names it
	up    bool   // switched on and connected
}

// link returns how its frames begin, and whether that is known here.
func (d device) link() (capture.LinkType, bool) {
	switch d.kind {
	case "ether", "loopback":
		return capture.LinkEthernet, true
	case "none", "ppp", "ipip", "tunnel6", "sit": // tun, WireGuard and other tunnels of IP
		return capture.LinkRaw, true
	}
	return 0, false
}

// l3 reports that its frames have no link header.
func (d device) l3() bool {
	l, ok := d.link()
	return ok && l == capture.LinkRaw
}

// known is what an interface index of a record means.
type known struct {
	ifindex uint32
	num     uint16
	link    capture.LinkType
	loop    bool
}

// table is the interfaces that packets refer to. It grows and changes nothing.
type table struct {
	mu    sync.Mutex
	ifs   []capture.Interface
	index atomic.Pointer[[]known] // the newest first
}

// add makes an interface known, before its first record comes. One that comes back
// under its name keeps its number, unless it is of another kind now.
func (t *table) add(d device) {
	t.mu.Lock()
	defer t.mu.Unlock()
	link, _ := d.link()
	num := slices.IndexFunc(t.ifs, func(i capture.Interface) bool { return i.Name == d.name && i.Link == link })
	if num < 0 {
		num = len(t.ifs)
		t.ifs = append(t.ifs, capture.Interface{Name: d.name, Link: link})
	}
	now := []known{{uint32(d.index), uint16(num), link, d.kind == "loopback"}}
	if old := t.index.Load(); old != nil {
		now = append(now, (*old)[:min(len(*old), maxKnown-1)]...)
	}
	t.index.Store(&now)
}

// find returns what is known of an interface index, or nil.
func (t *table) find(ifindex uint32) *known {
	all := t.index.Load()
	if all == nil {
		return nil
	}
	for i := range *all {
		if k := &(*all)[i]; k.ifindex == ifindex {
			return k
		}
	}
	return nil
}

// list returns the interfaces so far.
func (t *table) list() []capture.Interface {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ifs[:len(t.ifs):len(t.ifs)]
}

// place says in a note on which interface it was, if that is one of these.
func (t *table) place(n *capture.Note, ifindex uint32) {
	if at := t.find(ifindex); at != nil {
		n.If, n.IfKnown = at.num, true
	}
}
