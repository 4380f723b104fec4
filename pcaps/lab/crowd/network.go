package crowd

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/policy"
)

// network is what people's packets go through.
type network struct {
	what    string
	weather lab.Weather
	change  func(*lab.World, *rand.Rand)
}

// networks are taken in turn.
var networks = []network{
	{"a good line", lab.Weather{}, nil},
	{"half a percent of loss", lab.Weather{Loss: 0.005}, nil},
	{"routers that balance over paths of other lengths", lab.Weather{}, balanced},
	{"1 % of loss", lab.Weather{Loss: 0.01}, nil},
	{"no QUIC", lab.Weather{}, noQUIC},
	{"2 % of packets overtaken", lab.Weather{Reorder: 0.02}, nil},
	{"2 % of loss", lab.Weather{Loss: 0.02}, nil},
	{"a radio that wakes slowly", lab.Weather{Loss: 0.002}, radio},
	{"losses in bursts", lab.Weather{}, bursts},
	{"5 % of loss", lab.Weather{Loss: 0.05}, nil},
	{"front ends with another initial TTL, and 3 % of loss", lab.Weather{Loss: 0.03}, fronts},
	{"an anycast route that changes", lab.Weather{}, anycast},
}

// farther has each packet of some servers come from as many hops more as hops says.
func farther(w *lab.World, of func(netip.Addr) bool, hops func() uint8) {
	near := w.Far[box.Down].Site
	w.Far[box.Down].Site = func(a netip.Addr) (time.Duration, uint8) {
		d, n := near(a)
		if of(a) {
			n += hops()
		}
		return d, n
	}
}

// half of all servers, the same in each call.
func half(a netip.Addr) bool { b := a.As16(); return (b[15]^b[14])&1 == 1 }

func balanced(w *lab.World, r *rand.Rand) {
	farther(w, half, func() uint8 { return uint8(r.IntN(3)) })
}

func anycast(w *lab.World, _ *rand.Rand) {
	farther(w, half, func() uint8 { // every 15 s another site answers
		if w.Box.Elapsed()/(15*time.Second)%2 == 1 {
			return 5
		}
		return 0
	})
}

// fronts: resets of half of the servers come from a machine in front of them, which
// begins to count hops elsewhere.
func fronts(w *lab.World, _ *rand.Rand) {
	w.Rule("front end", policy.All(policy.Dir(box.Down), func(p *box.Packet) bool { return half(p.Server()) && p.Flags&4 != 0 }), &other{})
}

// other is a packet with another initial TTL.
type other struct{}

// Act implements [box.Action].
func (other) Act(_ *box.Box, _ *box.Rule, p *box.Packet) bool {
	if p.TTL > 255-64 || p.Has&capture.HasIPID == 0 {
		return true
	}
	ip := p.Frame[ethernet:]
	ip[8] += 64
	binary.BigEndian.PutUint16(ip[10:], 0)
	var sum uint32
	for i := 0; i < int(ip[0]&15)*4; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum&0xffff+sum>>16))
	return true
}

// ethernet is the length of a header, bytes.
const ethernet = 14

// lost is an action of no rule of a censor: what it is given is lost.
type lost struct{}

// Act implements [box.Action].
func (lost) Act(b *box.Box, _ *box.Rule, p *box.Packet) bool {
	b.Note(nil, box.Lost, p)
	return false
}

func noQUIC(w *lab.World, _ *rand.Rand) {
	w.Rule("no QUIC here", policy.All(policy.UDP, policy.Port(443)), lost{})
}

func bursts(w *lab.World, _ *rand.Rand) {
	for _, p := range w.Near {
		p.Loss, p.Burst = 0.02, 6
	}
}

// radio needs up to 700 ms for the first packet after a pause of half a second.
func radio(w *lab.World, _ *rand.Rand) {
	for _, p := range w.Near {
		p.Jitter = 60 * time.Millisecond
	}
}
