package synth

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
)

// aside forges a packet to the client when it sees its n-th.
type aside struct {
	n    int
	make func(p Packet) *Packet
}

func (a *aside) Handle(at Spot, p *Packet) {
	if p.Dir == Up {
		if a.n--; a.n == 0 {
			f := a.make(*p)
			f.Dir, f.Proto, f.TTL = Down, capture.ProtoTCP, 60
			at.Forward(f)
		}
	}
	at.Forward(p)
}

// forged is a segment in the server's name to the sender of p.
func forged(p Packet, flags uint16, seq, ack uint32) *Packet {
	return &Packet{Src: p.Dst, Dst: p.Src, Flags: flags, Seq: seq, Ack: ack}
}

// The client's packets are: SYN, ACK, hello.
func TestWhatTheClientMakesOfForgedSegments(t *testing.T) {
	for _, tt := range []struct {
		name  string
		n     int
		flags uint16
		seq   func(p Packet) uint32
		ack   func(p Packet) uint32
		err   error
		says  string // what the client answers at once
	}{
		{"a refusal", 1, RST | ACK, zero, after, ErrRefused, ""},
		{"a refusal of another SYN", 1, RST | ACK, zero, zero, nil, ""},
		{"a reset without ACK to a SYN", 1, RST, zero, after, nil, ""},
		{"a SYN/ACK for another SYN", 1, SYN | ACK, zero, one, nil, "RST"},
		{"an exact reset", 3, RST, ofAck, zero, ErrReset, ""},
		{"a reset with a wrong ack", 3, RST | ACK, ofAck, one, ErrReset, ""},
		{"a reset in the window", 3, RST, beyond(400), zero, nil, "ACK"},
		{"a reset behind", 3, RST, beyond(-1), zero, nil, ""},
		{"a reset beyond the window", 3, RST, beyond(70_000), zero, nil, ""},
		{"a SYN", 3, SYN, beyond(5), zero, nil, "ACK"},
		{"data that acknowledges the future", 3, ACK | PSH, ofAck, beyond(1 << 20), nil, ""},
		{"data", 3, ACK | PSH, ofAck, after, nil, "ACK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench("203.0.113.1")
			var at int64
			box := &aside{n: tt.n, make: func(p Packet) *Packet {
				at = b.now
				f := forged(p, tt.flags, tt.seq(p), tt.ack(p))
				if tt.flags&PSH != 0 {
					f.Payload = []byte("not so")
				}
				return f
			}}
			b.path.Stages = []Stage{b.tap, box, b.link}
			script, _ := request(b.Sim, 5000)
			c := Dial(b.path, 443, script, 0)
			b.Run(10 * time.Second)
			if c.Err() != tt.err || c.Played() != (tt.err == nil) {
				t.Errorf("%v, played %v", c.Err(), c.Played())
			}
			says := ""
			for _, p := range b.recorded(t) {
				if p.Time == at && !down(&p) && p.PayloadLen == 0 && p.Flags != SYN {
					says += map[uint16]string{RST: "RST", ACK: "ACK"}[p.Flags]
				}
			}
			if says != tt.says {
				t.Errorf("the client says %q", says)
			}
		})
	}
}

func zero(Packet) uint32    { return 0 }
func one(p Packet) uint32   { return p.Seq + 77 }
func after(p Packet) uint32 { return p.Seq + p.length() }
func ofAck(p Packet) uint32 { return p.Ack }

func beyond(n int32) func(Packet) uint32 { return func(p Packet) uint32 { return p.Ack + uint32(n) } }

// A train of bad resets draws one challenge in half a second.
func TestChallengesAreRare(t *testing.T) {
	b := newBench("203.0.113.1")
	box := &Resetter{Sim: b.Sim, Match: func(*Packet) bool { return true }, Delay: time.Millisecond,
		Resets: []Forged{{TTL: 60, SeqMore: 400}, {TTL: 60, SeqMore: 1860}, {TTL: 60, SeqMore: 3320}}}
	b.path.Stages = []Stage{b.tap, box, b.link}
	script, _ := request(b.Sim, 5000)
	c := Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	challenges, last := 0, int64(0)
	for _, p := range b.recorded(t) {
		if p.Flags&RST != 0 {
			last = p.Time
		} else if last != 0 && !down(&p) && p.Time-last < int64(time.Millisecond) {
			challenges++
		}
	}
	if challenges != 1 || !c.Played() {
		t.Errorf("%d challenges, played %v", challenges, c.Played())
	}
}

// What is received and not acknowledged yet is still in the window: a reset there
// is challenged, not overlooked.
func TestAcceptanceCountsFromTheLastAcknowledgement(t *testing.T) {
	s := NewSim(start, 1)
	h := &Host{Sim: s, Addr: near}
	c := newConn(h, &Path{Client: h, Server: &Host{Sim: s}}, Up, netip.AddrPortFrom(near, 1), netip.AddrPortFrom(near, 2), nil)
	c.state, c.rcv.nxt, c.rcv.told, c.rcv.edge = established, 1001, 501, 9001
	for _, tt := range []struct {
		pos   uint32
		in    bool
		exact bool
	}{{500, false, false}, {501, true, false}, {1001, true, true}, {3000, true, true}, {2999, true, false}, {9001, true, false}, {9002, false, false}} {
		c.rcv.blocks = []span{{1500, 1600}, {2000, 3000}}
		if in, exact := c.inWindow(&Packet{Seq: tt.pos}), c.exact(tt.pos); in != tt.in || exact != tt.exact {
			t.Errorf("%d: in window %v, exact %v", tt.pos, in, exact)
		}
	}
}

func TestKeepAliveGivesUp(t *testing.T) {
	b := newBench("203.0.113.1")
	b.path.Client.KeepAlive = KeepAlive{Idle: 10 * time.Second, Every: 2 * time.Second, Probes: 3}
	c := Dial(b.path, 443, Script{{From: Up, Data: []byte("hello")}, {From: Down, Data: []byte("hi")}, {From: Down, Data: []byte("x"), Wait: time.Hour}}, 0)
	b.At(15*time.Second, func() { b.path.Server.Mode = Silent })
	b.Run(time.Minute)
	var got []string
	for _, p := range b.recorded(t)[5:] {
		if !down(&p) {
			got = append(got, fmt.Sprint(time.Duration(p.Time-start.UnixNano()).Round(time.Second), p.Flags, p.PayloadLen))
		}
	}
	want := []string{"10s 16 0", "20s 16 0", "22s 16 0", "24s 16 0", "26s 20 0"}
	if fmt.Sprint(got[len(got)-len(want):]) != fmt.Sprint(want) || c.Err() != ErrTimeout {
		t.Errorf("%q, %v", got, c.Err())
	}
}

func TestIdleTimeoutAnswersWhatItForgot(t *testing.T) {
	for _, tells := range []bool{false, true} {
		b := newBench("203.0.113.1")
		nat := &IdleTimeout{Sim: b.Sim, After: time.Hour, Tells: tells, TTL: 63}
		b.path.Stages = []Stage{b.tap, nat, b.link}
		c := Dial(b.path, 443, Script{{From: Up, Data: []byte("hello")}, {From: Down, Data: []byte("hi")}, {From: Up, Data: []byte("again"), Wait: 2 * time.Hour}}, 0)
		b.Run(3 * time.Hour)
		got := b.recorded(t)
		r := got[len(got)-1]
		wait, flags, server := 2*time.Hour, RST, 1
		if tells {
			wait, flags, server = time.Hour, RST|ACK, 0
		}
		if at := time.Duration(r.Time - start.UnixNano()).Round(time.Second); at != wait || r.Flags != flags || r.TTL != 63 || c.Err() != ErrReset {
			t.Errorf("tells %v: %v after %v: %+v", tells, c.Err(), at, r)
		}
		if len(b.path.Server.conns) != server {
			t.Errorf("tells %v: %d connections at the server", tells, len(b.path.Server.conns))
		}
	}
}

// A port may be used again once the connection from it is over.
func TestPortsMayBeUsedAgain(t *testing.T) {
	b := newBench("203.0.113.1")
	script, _ := request(b.Sim, 500)
	first := DialFrom(b.path, 40000, 443, script, 0)
	var second *Conn
	b.At(3*time.Second, func() { second = DialFrom(b.path, 40000, 443, script, 0) })
	b.Run(10 * time.Second)
	if !first.Played() || !second.Played() {
		t.Errorf("first %v, second %v", first.Played(), second.Played())
	}
}
