package redact

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// room is how many addresses 198.18.0.0/15 has (RFC 2544, for tests of devices).
const room = 1 << 17

// maxV4 is how many of them are given out, each to one address: so it is seldom
// long to the next free one. Further addresses share those.
const maxV4 = room / 2

// pool remembers which address of 198.18.0.0/15 stands for which. The place of an
// address follows from the key; the second one at a place takes the next that is
// free. So what stands for an address hangs on what came before only where two
// fall together.
type pool struct {
	of    map[[4]byte]uint32
	taken [room / 64]uint64
}

func (p *pool) at(a [4]byte, first uint32) uint32 {
	first %= room
	if n, ok := p.of[a]; ok {
		return n
	}
	if len(p.of) >= maxV4 {
		return first
	}
	n := first
	for p.taken[n/64]&(1<<(n%64)) != 0 {
		n = (n + 1) % room
	}
	p.taken[n/64] |= 1 << (n % 64)
	if p.of == nil {
		p.of = map[[4]byte]uint32{}
	}
	p.of[a] = n
	return n
}

// Addr replaces an address. What the rules know, and the loopback address, which forged
// answers give, stays as long as it was not seen as a client, and so do addresses that are nobody's own. An interface's name
// (zone) goes. An invalid address stays one.
func (r *Redactor) Addr(a netip.Addr) netip.Addr {
	switch {
	case !a.IsValid():
		return a
	case a.Is4In6():
		return netip.AddrFrom16(r.Addr(a.Unmap()).As16())
	}
	a = a.WithZone("")
	if r.stays(a) {
		return a
	}
	raw := a.As16()
	sum := r.derive("address", raw[:])
	if !a.Is4() {
		out := [16]byte{0x20, 0x01, 0x0d, 0xb8} // 2001:db8::/32, RFC 3849
		copy(out[4:], sum[:12])
		return netip.AddrFrom16(out)
	}
	r.mu.Lock()
	n := r.v4.at(a.As4(), binary.BigEndian.Uint32(sum[:]))
	r.mu.Unlock()
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>16), byte(n >> 8), byte(n)})
}

// stays reports whether an address may be shown as it is.
func (r *Redactor) stays(a netip.Addr) bool {
	ours := nobodys(a)
	if ours && !a.IsLoopback() {
		return true
	}
	if !ours && !r.knows(a) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.crowd && !r.clients[a]
}

// knows reports whether the rules know an address as a service's or a resolver's.
func (r *Redactor) knows(a netip.Addr) bool {
	if _, ok := r.ours.OwnerOfAddr(a); ok {
		return true
	}
	_, ok := r.ours.Resolver(a)
	return ok
}

// client notes that an address was seen as a client: a phone may live in a block
// that the rules take for servers.
func (r *Redactor) client(a netip.Addr) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !r.knows(a) && !a.IsLoopback() {
		return // it is replaced anyway
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.clients) >= maxClients && !r.clients[a] {
		r.crowd = true
		return
	}
	r.clients[a] = true
}

// localGroups are multicast groups of the local network that are the same
// everywhere. Not among them are those with a part of an address in them, such as
// a solicited node's (RFC 4291 section 2.7.1).
var localGroups = []netip.Prefix{
	netip.MustParsePrefix("224.0.0.0/24"),       // RFC 5771 section 4
	netip.MustParsePrefix("239.255.255.250/32"), // SSDP
	netip.MustParsePrefix("ff02::/112"),         // RFC 4291 section 2.7.1
}

// nobodys reports whether an address tells of nobody.
func nobodys(a netip.Addr) bool {
	switch a {
	case netip.IPv4Unspecified(), netip.IPv6Unspecified(), netip.IPv6Loopback(),
		netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return true
	}
	for _, p := range localGroups {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// bytes replaces an address as it stands in packets: 16 bytes, IPv4 mapped.
func (r *Redactor) bytes(a [16]byte) [16]byte {
	if a == [16]byte{} {
		return a
	}
	return r.Addr(netip.AddrFrom16(a)).As16()
}

// lowPorts is where those ports end that name protocols (RFC 6335 section 6).
const lowPorts = 1024

// Port renumbers a client's port, one to one; 0 stays, and a system port becomes
// one, since ends that both use 123 or 500 are not told from servers else.
func (r *Redactor) Port(p uint16) uint16 { return r.ports[p] }

func shuffled(seed [32]byte) *[1 << 16]uint16 {
	var t [1 << 16]uint16
	for i := range t {
		t[i] = uint16(i)
	}
	dice := rand.New(rand.NewChaCha8(seed))
	for _, part := range [][]uint16{t[1:lowPorts], t[lowPorts:]} {
		dice.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return &t
}
