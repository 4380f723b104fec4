package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	testSeed = 7
	ms       = 1_000_000 // ns
	sec      = 1_000_000_000
	noFlags  = 0
	pushAck  = capture.PSH | capture.ACK
	rstAck   = capture.RST | capture.ACK
	finAck   = capture.FIN | capture.ACK
	synAck   = capture.SYN | capture.ACK
)

const (
	up   = fact.Up
	down = fact.Down
)

// bench is a tracker under test with the clock and numbers of its packets.
type bench struct {
	*Tracker
	t     testing.TB
	now   int64
	num   uint64
	ended []fact.Flow // snapshots of what ended
}

func newBench(t testing.TB, memory int) *bench {
	b := &bench{t: t, now: 1_700_000_000 * sec}
	b.Tracker = New(Config{Memory: memory, Seed: testSeed, OnEnd: func(id flow.ID, why fact.End) {
		var f fact.Flow
		b.Snapshot(id, &f, b.now, why)
		b.ended = append(b.ended, f)
	}})
	return b
}

func (b *bench) wait(d time.Duration) { b.now += int64(d) }

// feed numbers a packet, dates it and hands it to the tracker.
func (b *bench) feed(p *capture.Packet) *capture.Packet {
	b.num++
	b.now += 10_000
	p.Num, p.Time = b.num, b.now
	p.Shard, p.Hash = p.Key.Hash(0), p.Key.Hash(testSeed)
	b.Packet(p)
	return p
}

// talk is one conversation: it keeps both sides' numbers, so that a packet
// needs to say only what is special about it.
type talk struct {
	*bench
	key  capture.Key // client to server
	isn  [2]uint32
	next [2]uint32
}

func keyOf(client uint16, port uint16, proto uint8) capture.Key {
	k := capture.Key{SrcPort: client, DstPort: port, Proto: proto}
	copy(k.Src[10:], []byte{0xff, 0xff, 10, 0, 0, 1})
	copy(k.Dst[10:], []byte{0xff, 0xff, 192, 0, 2, 9})
	return k
}

func newTalk(t testing.TB) *talk { return newBench(t, 8<<20).talk(40000, 443) }

// talk begins a conversation; nothing is sent yet.
func (b *bench) talk(client, port uint16) *talk {
	c := &talk{bench: b, key: keyOf(client, port, capture.ProtoTCP), isn: [2]uint32{1000, 500_000}}
	c.next = c.isn
	return c
}

// edit changes a packet before it is sent.
type edit func(c *talk, d fact.Dir, p *capture.Packet)

// rel gives a packet the sequence number n after its side's ISN.
func rel(n int) edit {
	return func(c *talk, d fact.Dir, p *capture.Packet) { p.Seq = c.isn[d] + uint32(n) }
}

// relAck has a packet acknowledge up to n after the other side's ISN.
func relAck(n int) edit {
	return func(c *talk, d fact.Dir, p *capture.Packet) { p.Ack = c.isn[d.Other()] + uint32(n) }
}

func with(f func(p *capture.Packet)) edit {
	return func(_ *talk, _ fact.Dir, p *capture.Packet) { f(p) }
}

func ttl(n uint8) edit    { return with(func(p *capture.Packet) { p.TTL = n }) }
func ipid(n uint16) edit  { return with(func(p *capture.Packet) { p.IPID = n }) }
func win(n uint16) edit   { return with(func(p *capture.Packet) { p.Window = n }) }
func iface(n uint16) edit { return with(func(p *capture.Packet) { p.If = n }) }
func segs(n uint16) edit  { return with(func(p *capture.Packet) { p.Segs = n }) }
func mss(n uint16) edit {
	return with(func(p *capture.Packet) { p.MSS, p.Has = n, p.Has|capture.HasMSS })
}
func scale(n uint8) edit {
	return with(func(p *capture.Packet) { p.WScale, p.Has = n, p.Has|capture.HasWScale })
}
func stamp(n uint32) edit {
	return with(func(p *capture.Packet) { p.TSval, p.Has = n, p.Has|capture.HasTS })
}

// make builds a packet of one side without sending it.
func (c *talk) make(d fact.Dir, flags uint16, payload []byte, edits ...edit) *capture.Packet {
	p := &capture.Packet{
		Has: capture.Decoded | capture.HasIP | capture.HasPorts | capture.HasTCP | capture.HasIPID,
		Key: c.key, Flags: flags, TTL: 64, IPID: uint16(c.num + 100), Window: 500, Segs: 1,
		Seq: c.next[d], Payload: payload, PayloadLen: uint32(len(payload)), IPLen: 40 + uint32(len(payload)),
	}
	if d == down {
		p.Key, p.TTL, p.IPID = c.key.Reverse(), 52, uint16(7*c.num+9000)
	}
	if flags&capture.ACK != 0 {
		p.Ack = c.next[d.Other()]
	}
	for _, e := range edits {
		e(c, d, p)
	}
	return p
}

// send sends a packet of one side.
func (c *talk) send(d fact.Dir, flags uint16, payload []byte, edits ...edit) *capture.Packet {
	p := c.make(d, flags, payload, edits...)
	if flags&capture.RST == 0 {
		c.next[d] = later(c.next[d], p.SeqEnd())
	}
	return c.feed(p)
}

// lose has a side send bytes that the capture does not see.
func (c *talk) lose(d fact.Dir, n int) { c.next[d] += uint32(n) }

func (c *talk) data(d fact.Dir, n int, edits ...edit) *capture.Packet {
	return c.send(d, pushAck, make([]byte, n), edits...)
}
func (c *talk) ack(d fact.Dir, edits ...edit) *capture.Packet {
	return c.send(d, capture.ACK, nil, edits...)
}
func (c *talk) rst(d fact.Dir, edits ...edit) *capture.Packet {
	return c.send(d, rstAck, nil, edits...)
}

// Legs of the handshake that open makes; a packet itself takes 10 µs.
const (
	serverLeg = 20 * time.Millisecond
	clientLeg = 2 * time.Millisecond
)

// open shakes hands: packets 1 to 3 of a fresh bench.
func (c *talk) open(edits ...edit) *talk {
	c.send(up, capture.SYN, nil, edits...)
	c.wait(serverLeg - 10*time.Microsecond)
	c.send(down, synAck, nil, edits...)
	c.wait(clientLeg - 10*time.Microsecond)
	c.ack(up)
	return c
}

func (c *talk) id() flow.ID {
	id, _, _ := c.Table.Find(&c.key, c.key.Hash(testSeed))
	return id
}

// facts returns the snapshot of the conversation.
func (c *talk) facts() *fact.Flow {
	c.t.Helper()
	id := c.id()
	if id == 0 {
		c.t.Fatal("the tracker does not know the flow")
	}
	var f fact.Flow
	c.Snapshot(id, &f, c.now, fact.StillOpen)
	return &f
}

func (c *talk) side(d fact.Dir) *fact.Side { return &c.facts().Sides[d] }

// is compares what a test got with what it wants, and names it.
func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
