package service

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// addrs finds the rules for an address by its longest prefix.
type addrs struct{ t *bart.Table[*addrNode] }

// addrNode is what is said of one prefix; the same block may be shared by a
// family and rented out at once.
type addrNode struct {
	best *prefixRule
	all  []*prefixRule
}

// add enters a rule, or returns one of another service that also claims the
// block for itself.
func (a addrs) add(r *prefixRule) *prefixRule {
	n, ok := a.t.Get(r.prefix)
	if !ok {
		n = &addrNode{}
		a.t.Insert(r.prefix, n)
	}
	for _, o := range n.all {
		if o.svc != r.svc && o.role.names() && r.role.names() {
			return o
		}
	}
	n.all = append(n.all, r)
	if n.best == nil || r.beats(n.best) {
		n.best = r
	}
	return nil
}

// beats: what can be rented is nobody's, whatever else is said of the block.
func (p *prefixRule) beats(o *prefixRule) bool {
	if p.role == roleTenant || o.role == roleTenant {
		return p.role == roleTenant
	}
	return p.role > o.role
}

// nat64 is the well-known prefix of translated IPv4 addresses (RFC 6052 section 2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// plain returns the address a rule would be written for: IPv4 out of its
// wrappings, no zone.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() && nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// find returns the rule for an address, nil when there is none. It does not
// allocate.
func (a addrs) find(ip netip.Addr) *prefixRule {
	if !ip.IsValid() {
		return nil
	}
	if n, ok := a.t.Lookup(plain(ip)); ok {
		return n.best
	}
	return nil
}

// covering lists every rule for an address, the longest prefix first, and for
// one prefix the one that counts first.
func (a addrs) covering(ip netip.Addr) []*prefixRule {
	ip = plain(ip)
	var out []*prefixRule
	for _, n := range a.t.Supernets(netip.PrefixFrom(ip, ip.BitLen())) {
		out = append(out, n.best)
		for _, r := range n.all {
			if r != n.best {
				out = append(out, r)
			}
		}
	}
	return out
}
