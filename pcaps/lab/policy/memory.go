package policy

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/box"
)

// memory is what a match remembers of each flow. Packets without a flow share one.
type memory[T any] map[*box.Flow]*T

func (m memory[T]) of(p *box.Packet) *T {
	if m[p.Flow] == nil {
		m[p.Flow] = new(T)
	}
	return m[p.Flow]
}

// Nth is the n-th packet, from 1, of those of a flow that of picks.
func Nth(n int, of box.Match) box.Match {
	seen := memory[int]{}
	return func(p *box.Packet) bool {
		if !of(p) {
			return false
		}
		count := seen.of(p)
		*count++
		return *count == n
	}
}

// Once is the first packet of each flow that m picks.
func Once(m box.Match) box.Match { return Nth(1, m) }

// Sticky is all packets of a flow, both ways, from the first on that m picks.
func Sticky(m box.Match) box.Match {
	stuck := memory[bool]{}
	return func(p *box.Packet) bool {
		if p.Flow == nil {
			return m(p)
		}
		yes := stuck.of(p)
		*yes = m(p) || *yes
		return *yes
	}
}

// Following is [Sticky] without the packet that it begins with.
func Following(m box.Match) box.Match {
	stuck := memory[bool]{}
	return func(p *box.Packet) bool {
		yes := stuck.of(p)
		was := *yes
		*yes = m(p) || was
		return was && p.Flow != nil
	}
}

// After is what comes when d or more has passed since the box's time began.
func After(d time.Duration) box.Match {
	return func(p *box.Packet) bool { return p.Box.Elapsed() >= d }
}

// Between is what comes from one time on until before another one, both counted
// from when the box's time began.
func Between(from, to time.Duration) box.Match {
	return func(p *box.Packet) bool { return p.Box.Elapsed() >= from && p.Box.Elapsed() < to }
}

// Chance is one packet in 1/p, by the box's dice.
func Chance(p float64) box.Match {
	return func(packet *box.Packet) bool { return packet.Box.Rand.Float64() < p }
}

// FlowChance is all packets of one flow in 1/p.
func FlowChance(p float64) box.Match {
	type toss struct{ done, yes bool }
	tossed := memory[toss]{}
	return func(packet *box.Packet) bool {
		t := tossed.of(packet)
		if !t.done {
			t.done, t.yes = true, packet.Box.Rand.Float64() < p
		}
		return t.yes
	}
}

// AfterPackets is a flow's packets once n others have come, of the directions named
// or, without any, of both.
func AfterPackets(n uint64, dirs ...box.Dir) box.Match {
	return func(p *box.Packet) bool {
		sides, own := counted(p, dirs)
		var sum uint64
		for _, s := range sides {
			sum += s.Packets
		}
		return p.Flow != nil && sum-own >= n
	}
}

// AfterBytes is the same for n bytes of payload, copies included.
func AfterBytes(n uint64, dirs ...box.Dir) box.Match {
	return func(p *box.Packet) bool {
		sides, own := counted(p, dirs)
		var sum uint64
		for _, s := range sides {
			sum += s.Bytes
		}
		return p.Flow != nil && sum-own*uint64(p.PayloadLen) >= n
	}
}

// counted returns the sides of the packet's flow that count, and 1 if its own is
// among them.
func counted(p *box.Packet, dirs []box.Dir) (sides []*box.Side, own uint64) {
	if p.Flow == nil {
		return nil, 0
	}
	if len(dirs) == 0 {
		dirs = []box.Dir{box.Up, box.Down}
	}
	for _, d := range dirs {
		if sides = append(sides, &p.Flow.Side[d]); d == p.Dir {
			own = 1
		}
	}
	return sides, own
}

// service is what residual blocking is bound to: one client and one port of a
// server.
type service struct {
	client, server netip.Addr
	port           uint16
}

func serviceOf(p *box.Packet) service {
	if p.Dir == box.Up {
		return service{p.Key.SrcAddr(), p.Key.DstAddr(), p.Key.DstPort}
	}
	return service{p.Key.DstAddr(), p.Key.SrcAddr(), p.Key.SrcPort}
}

// Residual is all packets between a client and a server's port, of this flow and
// others, for d after a packet that m picks, which is not among them. Each such
// packet begins the time anew.
func Residual(m box.Match, d time.Duration) box.Match {
	until := map[service]int64{}
	return func(p *box.Packet) bool {
		s := serviceOf(p)
		hot := p.Time < until[s]
		if m(p) {
			until[s] = p.Time + int64(d)
		}
		return hot
	}
}

// ConnLimit is the flows of a client that begin, by a packet that m picks, when n
// others have begun within per, and those that begin for so long after that: all
// their packets from that one on.
func ConnLimit(m box.Match, n int, per, lasts time.Duration) box.Match {
	begun, until := map[netip.Addr][]int64{}, map[netip.Addr]int64{}
	return Sticky(func(p *box.Packet) bool {
		if !m(p) {
			return false
		}
		client := serviceOf(p).client
		if p.Time < until[client] {
			return true
		}
		recent := begun[client]
		for len(recent) > 0 && recent[0] <= p.Time-int64(per) {
			recent = recent[1:]
		}
		if len(recent) < n {
			begun[client] = append(recent, p.Time)
			return false
		}
		begun[client], until[client] = nil, p.Time+int64(lasts)
		return true
	})
}
