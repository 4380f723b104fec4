package synth

import (
	"time"

	"chokepoint/capture"
)

// Match picks packets.
type Match func(*Packet) bool

// openings remembers the flows whose client has spoken.
type openings map[tuple]bool

// first reports whether a packet is the first payload of its flow's client.
func (o openings) first(p *Packet) bool {
	if p.Dir != Up || p.Proto != capture.ProtoTCP || len(p.Payload) == 0 || o[p.tuple()] {
		return false
	}
	o[p.tuple()] = true
	return true
}

// SYNDrop lets no connection begin to what matches.
type SYNDrop struct{ Match Match }

// Handle drops SYNs.
func (b *SYNDrop) Handle(at Spot, p *Packet) {
	if p.Dir == Up && p.Flags&SYN != 0 && b.Match(p) {
		return
	}
	at.Forward(p)
}

// HelloDrop swallows the client's first payload and then the whole connection,
// both ways: the reported handling of unwanted names and addresses.
type HelloDrop struct {
	Match Match
	dead  map[tuple]bool
}

// Handle drops the hello and everything after it.
func (b *HelloDrop) Handle(at Spot, p *Packet) {
	k := p.tuple()
	if p.Proto == capture.ProtoTCP && p.Dir == Up && len(p.Payload) > 0 && b.Match(p) {
		if b.dead == nil {
			b.dead = map[tuple]bool{}
		}
		b.dead[k] = true
	}
	if !b.dead[k] {
		at.Forward(p)
	}
}

// Freeze lets so many payload bytes of the server pass and then drops the
// connection in both directions, without a word.
type Freeze struct {
	Match  Match
	Bytes  int
	passed map[tuple]int
}

// Handle counts, and drops once the count is reached.
func (b *Freeze) Handle(at Spot, p *Packet) {
	if p.Proto != capture.ProtoTCP || !b.Match(p) {
		at.Forward(p)
		return
	}
	if b.passed == nil {
		b.passed = map[tuple]int{}
	}
	k := p.tuple()
	if b.passed[k] >= b.Bytes {
		return
	}
	if p.Dir == Down {
		b.passed[k] += len(p.Payload)
	}
	at.Forward(p)
}

// Forged is one reset that a box makes in the server's name.
type Forged struct {
	TTL     uint8 // when it leaves the box
	ID      uint16
	Window  uint16
	NoDF    bool
	SeqMore uint32 // beyond what the client expects next
}

// Resetter answers the first payload of what matches with resets to the client.
// The payload itself goes on to the server.
type Resetter struct {
	Sim    *Sim
	Match  Match
	Delay  time.Duration
	Resets []Forged

	seen openings
}

// Handle sends the resets after the hello.
func (b *Resetter) Handle(at Spot, p *Packet) {
	if b.seen == nil {
		b.seen = openings{}
	}
	if b.Match(p) && b.seen.first(p) {
		b.answer(at, *p)
	}
	at.Forward(p)
}

func (b *Resetter) answer(at Spot, p Packet) {
	for i, f := range b.Resets {
		r := &Packet{Dir: Down, Src: p.Dst, Dst: p.Src, Proto: capture.ProtoTCP, TTL: f.TTL, ID: f.ID, NoDF: f.NoDF,
			Flags: RST | ACK, Seq: p.Ack + f.SeqMore, Ack: p.Seq + uint32(len(p.Payload)), Window: f.Window}
		b.Sim.After(b.Delay+time.Duration(i)*40*time.Microsecond, func() { at.Forward(r) })
	}
}

// DNSForger answers matching queries in the resolver's name.
type DNSForger struct {
	Sim     *Sim
	Match   func(name string) bool
	Answer  DNSAnswer
	Delay   time.Duration
	Swallow bool // the query goes no further
	TTL     uint8
}

// Handle answers queries.
func (b *DNSForger) Handle(at Spot, p *Packet) {
	if p.Proto != capture.ProtoUDP || p.Dir != Up || p.Dst.Port() != 53 || !b.matches(p.Payload) {
		at.Forward(p)
		return
	}
	if reply, err := b.Answer.Respond(p.Payload); err == nil {
		r := &Packet{Dir: Down, Src: p.Dst, Dst: p.Src, Proto: p.Proto, TTL: b.TTL, ID: uint16(b.Sim.Rand.Uint32()), Payload: reply}
		b.Sim.After(b.Delay+b.Sim.Jitter(time.Millisecond), func() { at.Forward(r) })
	}
	if !b.Swallow {
		at.Forward(p)
	}
}

func (b *DNSForger) matches(query []byte) bool {
	_, q, err := question(query)
	if err != nil {
		return false
	}
	name := q.Name.String()
	return b.Match(name[:len(name)-1])
}
