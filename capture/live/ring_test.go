//go:build linux

package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"chokepoint/bpf/packets"
	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// udp4 is an Ethernet frame with a UDP datagram.
func udp4(src, dst byte, sport, dport uint16, payload int) []byte {
	b := make([]byte, 42+payload)
	b[12] = 0x08
	ip := b[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, capture.ProtoUDP
	binary.BigEndian.PutUint16(ip[2:], uint16(28+payload))
	copy(ip[12:], []byte{10, 0, 0, src, 10, 0, 0, dst})
	binary.BigEndian.PutUint16(ip[20:], sport)
	binary.BigEndian.PutUint16(ip[22:], dport)
	binary.BigEndian.PutUint16(ip[24:], uint16(8+payload))
	return b
}

func udpKey(src, dst byte, sport, dport uint16) capture.Key {
	k := capture.Key{SrcPort: sport, DstPort: dport, Proto: capture.ProtoUDP}
	copy(k.Src[:], []byte{10: 0xff, 11: 0xff, 12: 10, 15: src})
	copy(k.Dst[:], []byte{10: 0xff, 11: 0xff, 12: 10, 15: dst})
	return k
}

// rec is a record of a frame on eth0.
func rec(time uint64, frame []byte) record {
	return record{packets.Header{Time: time, Ifindex: 2, WireLen: uint32(len(frame)), Segs: 1}, frame}
}

// frames reads until n packets have come, and checks each batch on the way.
func frames(t *testing.T, s *Source, n int) []capture.Packet {
	t.Helper()
	var all []capture.Packet
	var b capture.Batch
	last := int64(0)
	for end := time.Now().Add(20 * time.Second); len(all) < n && time.Now().Before(end); {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		for _, p := range b.Packets {
			p.Frame = bytes.Clone(p.Frame)
			all = append(all, p)
			if p.Time > b.Now {
				t.Fatalf("packet %d is later than the time reached", p.Num)
			}
		}
		if b.Now < last {
			t.Fatalf("the time reached stepped back by %v", time.Duration(last-b.Now))
		}
		last = b.Now
	}
	if len(all) != n {
		t.Fatalf("%d packets, want %d", len(all), n)
	}
	for i, p := range all {
		if p.Num != uint64(i+1) {
			t.Fatalf("packet %d has number %d", i, p.Num)
		}
	}
	return all
}

// TestOrder: records overtake each other, packets do not; each comes once, with
// its own bytes.
func TestOrder(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	r := rand.New(rand.NewPCG(3, 4))
	const n = 30000
	type sent struct {
		time uint64
		id   uint16
	}
	var want []sent
	for i := range n {
		time := 20*second + uint64(i)*5000 + r.Uint64N(window/2)
		frame := udp4(1, 2, uint16(i), 443, r.IntN(60))
		want = append(want, sent{time, uint16(i)})
		f.program.send(rec(time, frame))
	}
	slices.SortStableFunc(want, func(a, b sent) int { return int(a.time) - int(b.time) })
	f.boot.Store(60 * second)
	for i, p := range frames(t, s, n) {
		if id := binary.BigEndian.Uint16(p.Frame[34:]); p.Time != at(want[i].time) || id != want[i].id {
			t.Fatalf("packet %d is record %d of %d, want %d of %d", i, id, p.Time, want[i].id, at(want[i].time))
		}
	}
	if got := s.Stats(); got.Packets != n || got.Skipped != 0 {
		t.Errorf("%+v", got)
	}
}

// dense is a program that finds so many records at each look, and an end of them.
type dense struct {
	fakeProgram
	each int
	time uint64
}

func (p *dense) Next(b *packets.Block, _ time.Time) (emptied bool, err error) {
	for range p.each {
		p.time += second / 100
		b.Add(packets.Header{Time: p.time, Ifindex: 2, WireLen: 62}, udp4(1, 2, 1, 2, 20))
	}
	return true, nil
}

// TestNap: where a look finds many records, the next one comes a while later; where
// it finds few, or somebody waits for the reader, at once.
func TestNap(t *testing.T) {
	const looks = 10
	for _, c := range []struct {
		each int
		wake bool
		naps bool
	}{{thick, false, true}, {thick - 1, false, false}, {thick, true, false}} {
		least := time.Hour // of several times: the machine has other things to do
		for range 5 {
			f := newFake()
			sys := f.system()
			sys.load = func(packets.Config) (program, error) { return &dense{each: c.each, time: 20 * second}, nil }
			s, err := open(Options{Interfaces: []string{"eth0"}, Plan: capture.Live}, sys)
			if err != nil {
				t.Fatal(err)
			}
			var b capture.Batch
			began := time.Now()
			for range looks {
				if c.wake {
					s.feed.(*ebpf).woken.Store(true)
				}
				if err := s.Read(&b); err != nil || len(b.Packets) == 0 {
					t.Fatal(len(b.Packets), err)
				}
			}
			least = min(least, time.Since(began))
			s.Close()
		}
		if naps := least >= (looks-1)*nap; naps != c.naps {
			t.Errorf("%d records at a look, woken: %v: %d looks took %v", c.each, c.wake, looks, least)
		}
	}
}

// TestLate: what comes later than the window is delivered late, and not lost.
func TestLate(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	f.boot.Store(30 * second)
	f.program.send(rec(20*second, udp4(1, 2, 1, 2, 20)))
	frames(t, s, 1)
	f.program.send(rec(19*second, udp4(1, 2, 1, 2, 20)))
	var b capture.Batch
	for len(b.Packets) == 0 {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
	}
	if p := b.Packets[0]; p.Time != at(19*second) || p.Num != 2 || b.Now < at(20*second) {
		t.Errorf("%+v, now %d", p.Time-epoch0, b.Now-epoch0)
	}
}

// TestHeldAtEnd: when the ring breaks, what is held comes out with the error.
func TestHeldAtEnd(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	f.program.send(rec(20*second, udp4(1, 2, 1, 2, 20)))
	f.program.err = errFake
	var b capture.Batch
	if err := s.Read(&b); !errors.Is(err, errFake) || len(b.Packets) != 1 {
		t.Errorf("%v with %d packets", err, len(b.Packets))
	}
}

// TestIdle: time goes on without packets, a window behind the boot clock.
func TestIdle(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	var b capture.Batch
	for _, boot := range []uint64{11 * second, 12 * second} {
		f.boot.Store(boot)
		began := time.Now()
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		if len(b.Packets) != 0 || b.Now != at(boot-window) {
			t.Errorf("%d packets, now %d before the boot clock", len(b.Packets), at(boot)-b.Now)
		}
		if took := time.Since(began); took < f.system().patience {
			t.Errorf("it did not wait: %v", took)
		}
	}
}

func TestWakeAndClose(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	var b capture.Batch
	s.Wake()
	if err := s.Read(&b); err != nil || len(b.Packets) != 0 {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		var b capture.Batch
		for {
			if err := s.Read(&b); err != nil {
				done <- err
				return
			}
		}
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := s.Close(); err != nil || f.program.closed != 1 || f.program.detached != 3 || f.witness.closed != 1 {
		t.Errorf("%v; closed %d times, %d detached, testimony closed %d times", err, f.program.closed, f.program.detached, f.witness.closed)
	}
}

// TestTag: the VLAN tag is where tcpdump has it, and the decoder sees it.
func TestTag(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	frame := udp4(1, 2, 3, 4, 20)
	for i := range frame[:12] {
		frame[i] = byte(i + 1)
	}
	tagged := rec(20*second, frame)
	tagged.VLAN, tagged.HasVLAN = 3<<13|42, true
	short := rec(20*second+1, frame[:8])
	short.HasVLAN = true
	raw := rec(20*second+2, frame[14:])
	raw.Ifindex, raw.HasVLAN = 3, true
	f.boot.Store(30 * second)
	f.program.send(tagged, short, raw, rec(20*second+3, frame))
	got := frames(t, s, 4)
	want := slices.Concat(frame[:12], []byte{0x81, 0, 0x60, 42}, frame[12:])
	if p := got[0]; !bytes.Equal(p.Frame, want) || int(p.WireLen) != len(want) {
		t.Errorf("% x, %d on the wire", p.Frame, p.WireLen)
	}
	var dec decode.Decoder
	dec.Decode(&got[0])
	if p := got[0]; p.Has&capture.HasVLAN == 0 || p.VLAN != 42 || p.Key != udpKey(1, 2, 3, 4) {
		t.Errorf("%+v", p)
	}
	for i, want := range [][]byte{1: frame[:8], 2: frame[14:], 3: frame} {
		if i > 0 && (!bytes.Equal(got[i].Frame, want) || int(got[i].WireLen) != len(want)) {
			t.Errorf("packet %d: % x", i+1, got[i].Frame)
		}
	}
	if got[2].Link != capture.LinkRaw || got[2].If != 1 || s.Interfaces()[1].Name != "tun0" {
		t.Errorf("%v on %d of %v", got[2].Link, got[2].If, s.Interfaces())
	}
}

// TestLoopback: what is sent to oneself counts where it comes in; and what nobody
// asked for does not count.
func TestLoopback(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	out, in, strange := rec(20*second, udp4(1, 2, 3, 4, 20)), rec(20*second+1, udp4(1, 2, 3, 4, 20)), rec(20*second, udp4(5, 6, 3, 4, 20))
	out.Ifindex, out.Out, in.Ifindex, strange.Ifindex = 1, true, 1, 99
	f.boot.Store(30 * second)
	f.program.send(out, strange, in)
	if p := frames(t, s, 1)[0]; p.Time != at(20*second+1) || p.If != 2 {
		t.Errorf("%+v", p)
	}
	if got := s.Stats(); got.Packets != 1 || got.Skipped != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSegs(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	frame := udp4(1, 2, 3, 4, 3000)
	told, open, none := rec(20*second, frame), rec(20*second+1, frame), rec(20*second+2, frame)
	told.Segs, told.SegSize = 44, 1448
	open.Segs, open.SegSize = 0, 1400
	none.Segs = 0
	f.boot.Store(30 * second)
	f.program.send(told, open, none)
	for i, p := range frames(t, s, 3) {
		if want := []uint16{44, 3, 1}[i]; p.Segs != want || p.Has != capture.HasSegs || p.Payload != nil {
			t.Errorf("packet %d: %d segments, want %d (%v)", p.Num, p.Segs, want, p.Has)
		}
	}
}

// TestUnseen: what was counted is told once a second, as long as it grows.
func TestUnseen(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	k := udpKey(1, 2, 3, 4)
	f.program.counts = packets.Counts{Unseen: 7, UnseenSegs: 9, Lost: 5}
	f.program.unseen = []packets.Unseen{{Src: k.Src, Dst: k.Dst, SrcPort: 3, DstPort: 4, Proto: k.Proto, Segs: 9, Bytes: 900, Ifindex: 3, Time: 9 * second}}
	var b capture.Batch
	if err := s.Read(&b); err != nil {
		t.Fatal(err)
	}
	want := capture.Note{Kind: capture.NoteUnseen, Time: at(9 * second), Key: k, If: 1, IfKnown: true, Count: 9, Bytes: 900}
	if len(b.Notes) != 1 || b.Notes[0] != want {
		t.Errorf("%+v", b.Notes)
	}
	if got := s.Stats(); got.Unseen != 9 || got.Lost != 5 {
		t.Errorf("%+v", got)
	}
	f.program.unseen = []packets.Unseen{{Segs: 1}}
	f.boot.Store(20 * second)
	if err := s.Read(&b); err != nil || len(b.Notes) != 0 {
		t.Errorf("the counter stands, but %+v is told (%v)", b.Notes, err)
	}
}

// tcp4 is an Ethernet frame with a TCP segment without payload.
func tcp4(src, dst byte, sport, dport, flags uint16) []byte {
	b := udp4(src, dst, sport, dport, 12)
	b[14+9] = capture.ProtoTCP
	binary.BigEndian.PutUint32(b[38:], 1)
	b[46], b[47] = 5<<4, byte(flags)
	return b
}
