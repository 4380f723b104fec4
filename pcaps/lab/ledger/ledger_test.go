package ledger

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/synth"
)

const ms = int64(time.Millisecond)

// began is when the tests' packets are, ns.
const began = int64(1793491200e9)

func segment(d box.Dir, family int, id uint16, seq uint32, payload string) *synth.Packet {
	client, server := netip.MustParseAddrPort("192.168.1.23:40000"), netip.MustParseAddrPort("157.240.205.60:443")
	if family == 6 {
		client, server = netip.MustParseAddrPort("[2001:db8:1::23]:40000"), netip.MustParseAddrPort("[2a03:2880::1]:443")
		id = 0
	}
	p := &synth.Packet{Dir: synth.Dir(d), Src: client, Dst: server, Proto: capture.ProtoTCP, TTL: 60, ID: id,
		Flags: synth.ACK, Seq: seq, Ack: 9, Window: 500, Payload: []byte(payload)}
	if d == box.Down {
		p.Src, p.Dst = server, client
	}
	return p
}

func frame(t *testing.T, p *synth.Packet) []byte {
	t.Helper()
	b, err := p.Frame(true)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// capturing makes a capture: what was seen when, cut at a snaplen.
type capturing struct {
	t       *testing.T
	snaplen int
	packets []capture.Packet
}

func (c *capturing) add(at int64, p *synth.Packet) {
	aged := *p
	aged.TTL -= 4 // it is somewhere else
	b := frame(c.t, &aged)
	out := capture.Packet{Num: uint64(len(c.packets) + 1), Time: began + at, Frame: b, WireLen: uint32(len(b)), Link: capture.LinkEthernet}
	if c.snaplen > 0 {
		out.Frame = b[:min(c.snaplen, len(b))]
	}
	var d decode.Decoder
	d.Decode(&out)
	c.packets = append(c.packets, out)
}

func event(t *testing.T, at int64, rule string, what box.What, p *synth.Packet) *box.Event {
	return &box.Event{At: began + at, Rule: rule, What: what, Dir: box.Dir(p.Dir), Frame: frame(t, p)}
}

// numbers is what the first deed lists of a file.
func numbers(log []*box.Event, file string, c *capturing) []uint64 {
	return Deeds(log, map[string][]capture.Packet{file: c.packets})[0].Packets[file]
}

func TestDeedsAreEventsOfOneKind(t *testing.T) {
	a, b := segment(box.Up, 4, 7, 1, "hello"), segment(box.Down, 4, 8, 9, "")
	log := []*box.Event{event(t, 5*ms, "drop", box.Dropped, a), event(t, 6*ms, "reset", box.Injected, b),
		event(t, 9*ms, "drop", box.Dropped, a), event(t, 10*ms, "drop", box.Dropped, b)}
	got := Deeds(log, nil)
	if len(got) != 3 {
		t.Fatalf("%d deeds: %+v", len(got), got)
	}
	d := got[0]
	if d.Rule != "drop" || d.What != "dropped" || d.Dir != "up" || d.N != 2 || d.Packets != nil ||
		d.From.UnixNano() != began+5*ms || d.To.UnixNano() != began+9*ms {
		t.Errorf("%+v", d)
	}
	if got[1].Rule != "reset" || got[1].Dir != "down" || got[2].Dir != "down" || got[2].N != 1 {
		t.Errorf("%+v", got)
	}
}

func TestWhereAPacketCanBe(t *testing.T) {
	for _, tt := range []struct {
		what box.What
		dir  box.Dir
		// Whether it is in the capture of each side.
		client, server bool
	}{
		{box.Injected, box.Down, true, false},
		{box.Injected, box.Up, false, true},
		{box.Rewritten, box.Down, true, false},
		{box.Dropped, box.Up, true, false},
		{box.Dropped, box.Down, false, true},
		{box.Lost, box.Up, true, false},
		{box.Delayed, box.Up, true, true},
		{box.Doubled, box.Down, true, true},
	} {
		p := segment(tt.dir, 4, 7, 1, "x")
		log := []*box.Event{event(t, 50*ms, "r", tt.what, p)}
		near, far := &capturing{t: t}, &capturing{t: t}
		first, second := int64(49), int64(52)
		if tt.dir == box.Up {
			near.add(first*ms, p)
			far.add(second*ms, p)
		} else {
			far.add(first*ms, p)
			near.add(second*ms, p)
		}
		got := Deeds(log, map[string][]capture.Packet{clientFile: near.packets, serverFile: far.packets})[0].Packets
		if (got[clientFile] != nil) != tt.client || (got[serverFile] != nil) != tt.server {
			t.Errorf("%s %d: %v", tt.what, tt.dir, got)
		}
	}
}

// Without an IPv4 ID, a retransmission is the same packet again.
func TestOfLookAlikesTheNearestInTimeIsMeant(t *testing.T) {
	hello := segment(box.Up, 6, 0, 1, "hello")
	c := &capturing{t: t}
	for _, at := range []int64{0, 300, 900, 2100} {
		c.add(at*ms, hello)
	}
	second := []*box.Event{event(t, 301*ms, "drop", box.Dropped, hello)}
	if got := numbers(second, clientFile, c); !slices.Equal(got, []uint64{2}) {
		t.Errorf("the second copy is %v", got)
	}
	later := []*box.Event{event(t, 901*ms, "drop", box.Dropped, hello), event(t, 2101*ms, "drop", box.Dropped, hello)}
	if got := numbers(later, clientFile, c); !slices.Equal(got, []uint64{3, 4}) {
		t.Errorf("the later copies are %v", got)
	}
	// What passed is at the server; the dropped copy before it is not.
	far := &capturing{t: t}
	far.add(920*ms, hello)
	if got := numbers(second, serverFile, far); got != nil {
		t.Errorf("a dropped packet arrived as %v", got)
	}
}

func TestEachPacketIsUsedOnce(t *testing.T) {
	forged := segment(box.Down, 4, 0, 77, "")
	c := &capturing{t: t}
	log := []*box.Event{}
	for i := range int64(3) {
		log = append(log, event(t, 10*ms+i*40_000, "train", box.Injected, forged))
		c.add(11*ms+i*40_000, forged)
	}
	log = append(log, event(t, 10*ms+200_000, "train", box.Injected, forged)) // lost on the way
	d := Deeds(log, map[string][]capture.Packet{clientFile: c.packets})[0]
	if d.N != 4 || !slices.Equal(d.Packets[clientFile], []uint64{1, 2, 3}) {
		t.Errorf("%+v", d)
	}
}

// A packet may wait and be dropped afterwards: both are so.
func TestAPacketMayHaveTwoFates(t *testing.T) {
	p := segment(box.Up, 4, 7, 1, "x")
	c := &capturing{t: t}
	c.add(0, p)
	log := []*box.Event{event(t, ms, "shape", box.Delayed, p), event(t, 900*ms, "", box.Lost, p)}
	for _, d := range Deeds(log, map[string][]capture.Packet{clientFile: c.packets}) {
		if !slices.Equal(d.Packets[clientFile], []uint64{1}) {
			t.Errorf("%+v", d)
		}
	}
}

func TestOtherPacketsAreNotTakenForIt(t *testing.T) {
	hello := segment(box.Up, 4, 7, 1, "hello")
	for name, change := range map[string]func(*synth.Packet){
		"id":      func(p *synth.Packet) { p.ID = 8 },
		"seq":     func(p *synth.Packet) { p.Seq = 2 },
		"ack":     func(p *synth.Packet) { p.Ack = 2 },
		"flags":   func(p *synth.Packet) { p.Flags |= synth.PSH },
		"window":  func(p *synth.Packet) { p.Window = 2 },
		"payload": func(p *synth.Packet) { p.Payload = []byte("Hello") },
		"length":  func(p *synth.Packet) { p.Payload = []byte("hello!") },
		"server":  func(p *synth.Packet) { p.Dst = netip.MustParseAddrPort("1.2.3.4:443") },
		"port":    func(p *synth.Packet) { p.Src = netip.AddrPortFrom(p.Src.Addr(), 40001) },
		"way":     func(p *synth.Packet) { p.Src, p.Dst = p.Dst, p.Src },
	} {
		other := *hello
		change(&other)
		c := &capturing{t: t}
		c.add(0, &other)
		c.add(0, hello)
		if got := numbers([]*box.Event{event(t, ms, "drop", box.Dropped, hello)}, clientFile, c); !slices.Equal(got, []uint64{2}) {
			t.Errorf("another %s: %v", name, got)
		}
	}
	late := &capturing{t: t}
	late.add(-20_000*ms, hello)
	if got := numbers([]*box.Event{event(t, ms, "drop", box.Dropped, hello)}, clientFile, late); got != nil {
		t.Errorf("a packet of long ago: %v", got)
	}
}

func TestTimestampsTellCopiesApart(t *testing.T) {
	first, second := segment(box.Up, 6, 0, 1, "hello"), segment(box.Up, 6, 0, 1, "hello")
	first.Options = synth.Options{TS: true, TSval: 100}
	second.Options = synth.Options{TS: true, TSval: 101}
	c := &capturing{t: t}
	c.add(0, first)
	c.add(ms, second)
	if got := numbers([]*box.Event{event(t, 2*ms, "drop", box.Dropped, first)}, clientFile, c); !slices.Equal(got, []uint64{1}) {
		t.Errorf("%v", got)
	}
}

func TestCutCapturesAreComparedAsFarAsTheyGo(t *testing.T) {
	a, b := segment(box.Up, 4, 7, 1, "the same beginning, then A"), segment(box.Up, 4, 7, 1, "something else, and then A")
	a.Options, b.Options = synth.Options{TS: true, TSval: 100}, synth.Options{TS: true, TSval: 100}
	for _, snaplen := range []int{60, 68, 72, 96} { // in the options, in the payload
		c := &capturing{t: t, snaplen: snaplen}
		c.add(0, b)
		c.add(0, a)
		want := []uint64{2}
		if snaplen <= 66 { // nothing is left to tell them apart
			want = []uint64{1}
		}
		if got := numbers([]*box.Event{event(t, ms, "drop", box.Dropped, a)}, clientFile, c); !slices.Equal(got, want) {
			t.Errorf("snaplen %d: %v", snaplen, got)
		}
	}
}

func TestTranslatedClientsAreFound(t *testing.T) {
	inside := segment(box.Up, 4, 7, 1, "hello")
	outside := *inside
	outside.Src = netip.MustParseAddrPort("203.0.113.77:40000")
	c := &capturing{t: t}
	c.add(0, inside)
	if got := numbers([]*box.Event{event(t, ms, "drop", box.Dropped, &outside)}, clientFile, c); !slices.Equal(got, []uint64{1}) {
		t.Errorf("%v", got)
	}
}

func TestLongDeedsListTheirFirstPackets(t *testing.T) {
	c := &capturing{t: t}
	var log []*box.Event
	for i := range int64(100) {
		p := segment(box.Up, 4, uint16(i), uint32(i), "x")
		c.add(i*ms, p)
		log = append(log, event(t, i*ms+500_000, "police", box.Dropped, p))
	}
	d := Deeds(log, map[string][]capture.Packet{clientFile: c.packets})[0]
	if nums := d.Packets[clientFile]; d.N != 100 || len(nums) != mostNumbers || nums[0] != 1 || nums[63] != 64 {
		t.Errorf("%d of %d: %v", len(nums), d.N, nums)
	}
}
