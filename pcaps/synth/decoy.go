package synth

import "time"

// Decoy is a tool on the client that hides from boxes on the way: before the
// first payload of what matches it sends payload of its own, with a TTL that
// does not reach the server.
type Decoy struct {
	Sim   *Sim
	Match Match
	TTL   uint8
	Make  func() []byte

	seen map[tuple]bool
}

// Handle sends the decoy and, a little later, the true payload.
func (d *Decoy) Handle(at Spot, p *Packet) {
	k := p.tuple()
	if p.Dir != Up || len(p.Payload) == 0 || d.seen[k] || !d.Match(p) {
		at.Forward(p)
		return
	}
	if d.seen == nil {
		d.seen = map[tuple]bool{}
	}
	d.seen[k] = true
	lure := *p
	lure.Payload, lure.TTL, lure.landed = d.Make(), d.TTL, nil
	at.Forward(&lure)
	d.Sim.After(40*time.Microsecond, func() { at.Forward(p) })
}
