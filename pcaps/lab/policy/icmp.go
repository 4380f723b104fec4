package policy

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// Error is what a router complains of: type and code of ICMP and of ICMPv6.
type Error struct{ V4, V6 [2]uint8 }

// Errors (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3).
var (
	Prohibited      = Error{[2]uint8{3, 13}, [2]uint8{1, 1}} // administratively
	HostUnreachable = Error{[2]uint8{3, 1}, [2]uint8{1, 3}}
	NetUnreachable  = Error{[2]uint8{3, 0}, [2]uint8{1, 0}}
	PortUnreachable = Error{[2]uint8{3, 3}, [2]uint8{1, 4}}
	TTLExceeded     = Error{[2]uint8{11, 0}, [2]uint8{3, 0}}
)

// The router that complains: one of the provider's, under an address that providers
// use inside (RFC 6598), and one of the documentation's (RFC 3849).
var (
	router4 = netip.AddrFrom4([4]byte{100, 64, 0, 1})
	router6 = netip.MustParseAddr("2001:db8:ffff::1")
)

// How much of a packet an error quotes: the whole has at most 576 bytes (RFC 1812
// section 4.3.2.3) or 1280 (RFC 4443 section 3.2).
const (
	quote4 = 576 - 28
	quote6 = 1280 - 48
)

// networkControl is the precedence of what routers say (RFC 1812 section 4.3.2.5).
const networkControl = 0xc0

// ICMPError drops a packet and lets a router tell its sender why.
type ICMPError struct {
	Error  Error
	Router netip.Addr // nobody's: one of the provider's
	Delay  time.Duration
	TTL    Value // nil: 64
	Pass   bool  // the packet goes on all the same
}

// Act implements [box.Action].
func (a *ICMPError) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	// Errors and fragments other than the first are not answered (RFC 1122 section
	// 3.2.2).
	if plain(p) && p.Has&capture.HasQuoted == 0 && p.FragOff == 0 {
		inject(b, r, p.Dir.Other(), a.Delay, a.frame(b, p))
	}
	return finish(b, r, p, !a.Pass)
}

func (a *ICMPError) frame(b *box.Box, p *box.Packet) []byte {
	s := &Sight{Box: b, Trigger: p, Dir: p.Dir.Other(), Own: new(box.Side), Other: new(box.Side)}
	f := forged{about: p, dir: s.Dir, from: a.Router, ttl: uint8(a.TTL.or(Const(defaultTTL), s)), tos: networkControl, noDF: true}
	ip := p.Frame[ethernet:]
	if p.Key.SrcAddr().Is4() {
		if !f.from.Is4() {
			f.from = router4
		}
		return f.icmp(a.Error.V4, ip[:min(len(ip), quote4)])
	}
	if !f.from.Is6() {
		f.from = router6
	}
	return f.icmp(a.Error.V6, ip[:min(len(ip), quote6)])
}
