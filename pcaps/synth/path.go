package synth

import "net/netip"

// Path is the row of stages between a client and a server, client first.
// Several paths may share a stage: the access line, a tap, one box.
type Path struct {
	Client, Server *Host
	Stages         []Stage
}

// Stage is one thing on a path. Handle passes p on with at.Forward, now or
// later, or does not, and may send packets of its own from where it is.
type Stage interface {
	Handle(at Spot, p *Packet)
}

// Spot is a stage's place on the path of the packet at hand.
type Spot struct {
	path *Path
	i    int
}

// Forward sends p on from here, in its own direction.
func (at Spot) Forward(p *Packet) {
	next := at.i + 1
	if p.Dir == Down {
		next = at.i - 1
	}
	switch {
	case next < 0:
		at.path.Client.receive(at.path, p)
	case next == len(at.path.Stages):
		at.path.Server.receive(at.path, p)
	default:
		at.path.Stages[next].Handle(Spot{at.path, next}, p)
	}
}

// enter puts a packet on the path at the end its direction starts from.
func (p *Path) enter(k *Packet) {
	i := -1
	if k.Dir == Down {
		i = len(p.Stages)
	}
	Spot{p, i}.Forward(k)
}

// NAT replaces the client's address as a home router does; ports are kept.
type NAT struct{ Inside, Outside netip.Addr }

// Handle rewrites the client's address.
func (n *NAT) Handle(at Spot, p *Packet) {
	if p.Dir == Up {
		p.Src = netip.AddrPortFrom(n.Outside, p.Src.Port())
	} else {
		p.Dst = netip.AddrPortFrom(n.Inside, p.Dst.Port())
		if q := p.quoted; q != nil && q.Key.SrcAddr() == n.Outside {
			q.Key.Src = n.Inside.As16()
		}
	}
	at.Forward(p)
}
