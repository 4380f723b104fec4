package box

import (
	"math/rand/v2"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Dir is the way a packet goes.
type Dir uint8

// Up is from the client to the server, Down the other way.
const (
	Up   Dir = 0
	Down Dir = 1
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// Link carries packets between the rules and one side. Carry hands p on with
// next: at once, later, twice or never. What is lost is logged.
type Link interface {
	Carry(b *Box, p *Packet, next func(*Packet))
}

// Rule is one thing that the box does to what it matches.
type Rule struct {
	Name string // in the log and in truth.yaml, as "reset after hello"
	When Match
	Do   Action
}

// Match picks packets at the rules. Each packet is asked about once a rule.
type Match func(*Packet) bool

// Action does something about a packet that was matched. It reports whether the
// packet goes on to the next rule; if not, the action has dropped it or has taken
// it over and will Forward it itself.
type Action interface {
	Act(b *Box, r *Rule, p *Packet) (on bool)
}

// Box is the middlebox. It is for one goroutine. Fill the exported fields before
// the first frame.
type Box struct {
	Near, Far [2]Link // by direction; nil: a wire without length
	Rules     []*Rule
	Out       func(d Dir, frame []byte) // frame is Out's to keep
	Log       func(*Event)              // nil: nobody reads it
	Rand      *rand.Rand

	began int64 // when its time began
	now   int64
	queue agenda
	flows map[capture.Key]*Flow
	dec   decode.Decoder
}

// New returns a box without links and rules. The seed decides everything that is
// random in it.
func New(seed uint64) *Box {
	return &Box{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), flows: map[capture.Key]*Flow{}}
}

// Now is the time reached, ns since the epoch.
func (b *Box) Now() int64 { return b.now }

// In takes a frame that arrived at a time: Up from the client, Down from the
// server. The frame is copied. Times do not go back.
func (b *Box) In(now int64, d Dir, frame []byte) {
	b.Run(now)
	p := b.Decode(d, append([]byte(nil), frame...))
	first := b.Near[Up]
	if d == Down {
		first = b.Far[Down]
	}
	carry(first, b, p, b.judge)
}

// Decode makes a packet of a frame, which is then the packet's.
func (b *Box) Decode(d Dir, frame []byte) *Packet {
	p := &Packet{Box: b, Dir: d}
	p.Packet = capture.Packet{Time: b.now, Frame: frame, WireLen: uint32(len(frame)), Link: capture.LinkEthernet, Segs: 1}
	b.dec.Decode(&p.Packet)
	return p
}

func carry(l Link, b *Box, p *Packet, next func(*Packet)) {
	if l == nil {
		next(p)
		return
	}
	l.Carry(b, p, next)
}

// judge asks the rules about a packet.
func (b *Box) judge(p *Packet) {
	p.Time = b.now
	b.follow(p)
	for _, r := range b.Rules {
		if r.When(p) && !r.Do.Act(b, r, p) {
			return
		}
	}
	b.Forward(p)
}

// Forward sends a packet on from the rules in its direction.
func (b *Box) Forward(p *Packet) {
	if p.Dir == Up {
		carry(b.Far[Up], b, p, b.out)
		return
	}
	carry(b.Near[Down], b, p, b.out)
}

func (b *Box) out(p *Packet) { b.Out(p.Dir, p.Frame) }

// Inject sends a frame that the box made on from the rules after a while, in the
// direction d, and logs it.
func (b *Box) Inject(r *Rule, d Dir, after time.Duration, frame []byte) {
	b.After(after, func() {
		p := b.Decode(d, frame)
		p.Forged = true
		b.Note(r, Injected, p)
		b.Forward(p)
	})
}

// Drop logs that a packet ends here.
func (b *Box) Drop(r *Rule, p *Packet) { b.Note(r, Dropped, p) }
