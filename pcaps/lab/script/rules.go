package script

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/synth"
)

// middlebox is the box's place on all paths. What comes out of the box as it went
// in is the packet that went in; all else is parsed.
type middlebox struct {
	w      *World
	box    *box.Box
	wake   *synth.Timer
	wakeAt int64
	inside map[string][]*synth.Packet // by what does not age on the way
	spots  map[netip.Addr]synth.Spot  // by server
	last   synth.Spot                 // for what no server says: errors of routers
}

// newMiddlebox returns a box whose dice are not those of the simulation.
func newMiddlebox(w *World, seed uint64) *middlebox {
	m := &middlebox{w: w, box: box.New(^seed), inside: map[string][]*synth.Packet{}, spots: map[netip.Addr]synth.Spot{}}
	m.box.Out = m.out
	m.box.Log = m.note
	m.box.Run(w.Now())
	return m
}

// Handle gives a packet to the box.
func (m *middlebox) Handle(at synth.Spot, p *synth.Packet) {
	frame, err := p.Frame(true)
	if err != nil {
		m.w.Err = err
		return
	}
	m.spots[serverOf(p)], m.last = at, at
	key := ageless(frame)
	m.inside[key] = append(m.inside[key], p)
	m.box.In(m.w.Now(), box.Dir(p.Dir), frame)
	m.plan()
}

// plan wakes the box when its next thing is due.
func (m *middlebox) plan() {
	at, ok := m.box.Next()
	if !ok || m.wakeAt != 0 && m.wakeAt <= at {
		return
	}
	m.wake.Stop()
	m.wakeAt = at
	m.wake = m.w.After(time.Duration(at-m.w.Now()), func() {
		m.wakeAt = 0
		m.box.Run(m.w.Now())
		m.plan()
	})
}

// out sends on what leaves the box.
func (m *middlebox) out(d box.Dir, frame []byte) {
	p := m.take(frame)
	if p == nil {
		var err error
		if p, err = synth.Parse(synth.Dir(d), frame); err != nil {
			m.w.Err = err
			return
		}
	}
	p.TTL = ttlOf(frame)
	at, known := m.spots[serverOf(p)]
	switch {
	case known:
		at.Forward(p)
	case p.Dir == synth.Down:
		m.last.Forward(p)
	default:
		m.w.Err = fmt.Errorf("the middlebox sends to %v, whom nobody has talked to", p.Dst)
	}
}

func serverOf(p *synth.Packet) netip.Addr {
	if p.Dir == synth.Down {
		return p.Src.Addr()
	}
	return p.Dst.Addr()
}

// take returns the packet that a frame was made of, nil if the box made it.
func (m *middlebox) take(frame []byte) *synth.Packet {
	key := ageless(frame)
	waiting := m.inside[key]
	if len(waiting) == 0 {
		return nil
	}
	if m.inside[key] = waiting[1:]; len(waiting) == 1 {
		delete(m.inside, key)
	}
	return waiting[0]
}

// note keeps the log, and forgets the packets that end in the box.
func (m *middlebox) note(e *box.Event) {
	m.w.log = append(m.w.log, e)
	if e.What == box.Dropped || e.What == box.Lost {
		m.take(e.Frame)
	}
}

// Places in an Ethernet frame with an IP packet.
const (
	etherType     = 12
	ipStart       = 14
	ttlAt, ttlAt6 = ipStart + 8, ipStart + 7
	sumAt         = ipStart + 10 // of the IPv4 header
)

func isIPv6(frame []byte) bool { return binary.BigEndian.Uint16(frame[etherType:]) == 0x86dd }

func ttlOf(frame []byte) uint8 {
	if isIPv6(frame) {
		return frame[ttlAt6]
	}
	return frame[ttlAt]
}

// ageless is a frame without TTL and hardware addresses.
func ageless(frame []byte) string {
	b := append([]byte(nil), frame[etherType:]...)
	if isIPv6(frame) {
		b[ttlAt6-etherType] = 0
	} else {
		b[ttlAt-etherType] = 0
		clear(b[sumAt-etherType : sumAt-etherType+2])
	}
	return string(b)
}
