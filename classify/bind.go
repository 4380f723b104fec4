package classify

import (
	"net/netip"
	"slices"

	"chokepoint/classify/track"
	"chokepoint/classify/wire"
)

const (
	// bindFloor and bindGrace: a DNS answer names its addresses for
	// max(TTL, 60 s) + 300 s (fingerprints, precedence 7).
	bindFloor = 60 * second
	bindGrace = 300 * second
	// maxTTL is the longest TTL that is believed, s: a week (RFC 8767 section
	// 4); one with the highest bit set is none (RFC 2181 section 8).
	maxTTL = 7 * 24 * 3600
	badTTL = 1 << 31
	// bindEarly is how much before the answer a flow may seem to start, ns:
	// clocks of several interfaces differ.
	bindEarly = 1 * second
	// maxBindings is how many addresses are remembered, of all clients, and
	// maxBindBytes how much of them, bytes.
	maxBindings  = 1 << 16
	maxBindBytes = 32 << 20
	// maxBound is how many names of one address are remembered, the latest.
	maxBound = 8
	// bindingSize and boundSize are what an address and a name take, bytes,
	// roughly.
	bindingSize = 160
	boundSize   = 32
	// maxOuter is how many names outside encrypted hellos are remembered, the
	// latest.
	maxOuter = 256
)

// bindKey is a client and the address it was told. Who asks over one version of IP
// for an address of the other will connect as somebody that the exchange does not
// show: such an address is kept for every client of that version, which is then the
// unspecified address.
type bindKey struct{ client, server netip.Addr }

// keyOf is the key of an address that a client was told.
func keyOf(client, server netip.Addr) bindKey {
	if server = server.Unmap(); client.Unmap().Is4() != server.Is4() {
		client = anybody(server)
	}
	return bindKey{client, server}
}

// anybody stands for every client that speaks the version of IP of an address.
func anybody(server netip.Addr) netip.Addr {
	if server.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// bound is a name that a client resolved to an address.
type bound struct {
	name        string
	from, until int64 // ns
}

func (b *bound) holds(at int64) bool { return b.from-bindEarly <= at && at <= b.until }

// binding is the names of one address, the latest first.
type binding struct {
	names []bound
	// spilt is until when a name held that there was no room for, ns.
	spilt int64
}

// bindings knows which names a client resolved to which address. It changes
// only between ticks.
type bindings struct {
	names map[bindKey]*binding
	order []bindKey // in the order they were first bound; the front is forgotten first
	bytes int
	outer []string // names outside encrypted hellos, as HTTPS records said, the latest last
}

func newBindings() *bindings { return &bindings{names: map[bindKey]*binding{}} }

// learn binds the addresses of an answer to the name that was asked for: names
// that stand for it on the way there (CNAME) are the server's, not the client's.
func (b *bindings) learn(d *track.DNSSeen) {
	ttl := d.Answer.MinTTL
	if ttl >= badTTL {
		ttl = 0
	}
	life := max(int64(min(ttl, maxTTL))*second, bindFloor) + bindGrace
	for _, a := range d.Answer.Addrs {
		b.bind(keyOf(d.Query.Client, a), bound{d.Query.QName, d.Answer.Time, d.Answer.Time + life})
	}
	if n, ok := wire.Hostname(d.Answer.ECHName); ok && !b.fronts(n) {
		if len(b.outer) >= maxOuter {
			b.outer = slices.Delete(b.outer, 0, 1)
		}
		b.outer = append(b.outer, n)
	}
}

// fronts reports whether a name stands outside encrypted hellos.
func (b *bindings) fronts(name string) bool { return name != "" && slices.Contains(b.outer, name) }

func (b *bindings) bind(k bindKey, n bound) {
	x := b.names[k]
	if x == nil {
		for len(b.order) > 0 && (len(b.order) >= maxBindings || b.bytes >= maxBindBytes) {
			b.forget()
		}
		x = &binding{}
		b.names[k] = x
		b.order = append(b.order, k)
		b.bytes += bindingSize
	}
	b.bytes += x.add(n)
}

// forget forgets the address that was bound first.
func (b *bindings) forget() {
	b.bytes -= bindingSize
	for _, n := range b.names[b.order[0]].names {
		b.bytes -= boundSize + len(n.name)
	}
	delete(b.names, b.order[0])
	b.order = b.order[1:]
}

// add puts a name in front, or prolongs it, and returns how many bytes more it
// takes.
func (x *binding) add(n bound) int {
	for i := range x.names {
		if old := x.names[i]; old.name == n.name && n.from <= old.until && old.from <= n.until {
			old.from, old.until = min(old.from, n.from), max(old.until, n.until)
			copy(x.names[1:i+1], x.names[:i])
			x.names[0] = old
			return 0
		}
	}
	grown := boundSize + len(n.name)
	if len(x.names) >= maxBound {
		last := &x.names[maxBound-1]
		x.spilt = max(x.spilt, last.until)
		grown -= boundSize + len(last.name)
		x.names = x.names[:maxBound-1]
	}
	x.names = slices.Insert(x.names, 0, n)
	return grown
}

// of returns the names of an address that held when a flow to it began, the
// latest first; behind them such as the client was told a moment later, which count only
// because clocks differ. more says that there may have been others.
func (b *bindings) of(client, server netip.Addr, at int64) (names []string, more bool) {
	server = server.Unmap()
	x := b.names[bindKey{client, server}]
	if x == nil {
		x = b.names[bindKey{anybody(server), server}]
	}
	if x == nil {
		return nil, false
	}
	for _, early := range [...]bool{false, true} {
		for i := range x.names {
			if n := &x.names[i]; n.holds(at) && n.from > at == early && !slices.Contains(names, n.name) {
				names = append(names, n.name)
			}
		}
	}
	return names, at <= x.spilt
}
