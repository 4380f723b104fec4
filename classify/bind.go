package classify

import (
	"net/netip"

	"chokepoint/classify/track"
)

const (
	// bindFloor and bindGrace: a DNS answer names its addresses for
	// max(TTL, 60 s) + 300 s (fingerprints, precedence 7).
	bindFloor = 60 * second
	bindGrace = 300 * second
	// maxBindings is how many addresses are remembered, of all clients.
	maxBindings = 1 << 16
	// maxBound is how many names of one address are remembered, the latest.
	maxBound = 4
	// maxOuter is how many names outside encrypted hellos are remembered.
	maxOuter = 256
)

type bindKey struct{ client, server netip.Addr }

// bound is a name that a client resolved to an address.
type bound struct {
	name  string
	until int64 // ns
}

// bindings knows which names a client resolved to which address. It changes
// only between ticks.
type bindings struct {
	names map[bindKey][]bound
	order []bindKey       // in the order they were first bound; the front is forgotten first
	outer map[string]bool // names outside encrypted hellos, as HTTPS records said
}

func newBindings() *bindings {
	return &bindings{names: map[bindKey][]bound{}, outer: map[string]bool{}}
}

// learn binds the addresses of an answer to the name that was asked for.
func (b *bindings) learn(d *track.DNSSeen) {
	life := max(int64(d.Answer.MinTTL)*second, bindFloor) + bindGrace
	for _, a := range d.Answer.Addrs {
		b.bind(bindKey{d.Query.Client, a}, bound{d.Query.QName, d.Answer.Time + life})
	}
	if n := d.Answer.ECHName; n != "" && len(b.outer) < maxOuter {
		b.outer[n] = true
	}
}

// fronts reports whether a name stands outside encrypted hellos.
func (b *bindings) fronts(name string) bool { return name != "" && b.outer[name] }

func (b *bindings) bind(k bindKey, n bound) {
	list, known := b.names[k]
	for i := range list {
		if list[i].name == n.name {
			copy(list[1:i+1], list[:i])
			list[0] = n
			return
		}
	}
	if !known {
		b.forget()
		b.order = append(b.order, k)
	}
	if len(list) >= maxBound {
		list = list[:maxBound-1]
	}
	b.names[k] = append([]bound{n}, list...)
}

func (b *bindings) forget() {
	if len(b.names) < maxBindings {
		return
	}
	delete(b.names, b.order[0])
	b.order = b.order[1:]
}

// of returns the names that hold at a time, the latest first.
func (b *bindings) of(client, server netip.Addr, now int64) []string {
	list := b.names[bindKey{client, server}]
	if len(list) == 0 {
		return nil
	}
	names := make([]string, 0, len(list))
	for _, n := range list {
		if now <= n.until {
			names = append(names, n.name)
		}
	}
	return names
}
