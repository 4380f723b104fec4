package policy

import (
	"encoding/binary"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/craft"
	"chokepoint/pcaps/lab/box"
)

// Flags of what ends a connection.
const (
	RST       = capture.RST
	RSTACK    = capture.RST | capture.ACK
	RSTPSHACK = capture.RST | capture.PSH | capture.ACK
	FINACK    = capture.FIN | capture.ACK
	FINPSHACK = capture.FIN | capture.PSH | capture.ACK
)

// Whom is who gets what the box forges, in the name of the other one.
type Whom uint8

// Client, Server, and the one after the other.
const (
	Client Whom = iota
	Server
	Both
)

func (w Whom) dirs() []box.Dir {
	return [][]box.Dir{{box.Down}, {box.Up}, {box.Down, box.Up}}[w]
}

// defaultTTL is that of packets which a box makes without thinking of it: Linux's.
const defaultTTL = 64

// Reset answers a TCP segment with forged ones that end its connection.
type Reset struct {
	To      Whom
	Delay   time.Duration // after the trigger
	Shots   []Shot        // none: one Shot{}
	Swallow bool          // the trigger goes no further
}

// Shot is one forged segment. The zero value is what an unsuspicious injector
// sends: RST|ACK, sequence and acknowledgement numbers exact, TTL 64, IPID 0 with
// DF, window 0, no options.
type Shot struct {
	Flags      uint16 // 0: RSTACK
	Seq        Value  // nil: SeqNext
	Ack        Value  // nil: AckAll, or 0 without the ACK flag
	TTL        Value  // nil: 64. When it leaves the box
	IPID       Value  // nil: 0
	Window     Value  // nil: 0
	NoDF       bool
	Timestamps bool // repeats those of him in whose name it is, if he uses them
	Payload    []byte
	Gap        time.Duration // after the shot before
}

// Act implements [box.Action].
func (a *Reset) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if !plain(p) || !TCP(p) || p.Flow == nil {
		return true
	}
	shots := a.Shots
	if len(shots) == 0 {
		shots = []Shot{{}}
	}
	for _, d := range a.To.dirs() {
		s, at := sightOf(b, p, d, a.Swallow), a.Delay
		for i := range shots {
			s.N, at = i, at+shots[i].Gap
			inject(b, r, d, at, shots[i].frame(s))
		}
	}
	return finish(b, r, p, a.Swallow)
}

// frame is the shot as it leaves the box.
func (t *Shot) frame(s *Sight) []byte {
	flags := t.Flags
	if flags == 0 {
		flags = RSTACK
	}
	ack := Const(0)
	if flags&capture.ACK != 0 {
		ack = AckAll
	}
	f := forged{about: s.Trigger, dir: s.Dir, ttl: uint8(t.TTL.or(Const(defaultTTL), s)),
		id: uint16(t.IPID.or(Const(0), s)), noDF: t.NoDF}
	segment := &craft.TCP{Flags: flags, Seq: t.Seq.or(SeqNext, s), Ack: t.Ack.or(ack, s), Window: uint16(t.Window.or(Const(0), s))}
	if t.Timestamps {
		segment.Options = timestamps(s)
	}
	return f.tcp(segment, t.Payload)
}

// timestamps are the options of him in whose name the box speaks (RFC 7323 section
// 3.2), none if he has none.
func timestamps(s *Sight) []byte {
	if !s.Own.HasTS {
		return nil
	}
	b := []byte{1, 1, 8, 10} // two NOPs, then kind and length
	b = binary.BigEndian.AppendUint32(b, s.Own.TSval)
	return binary.BigEndian.AppendUint32(b, s.Other.TSval)
}
