package plan

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
)

func TestFramesAreCutAndNothingElseIs(t *testing.T) {
	frame := ether(etherIPv4, v4(6, data))
	src := &capturetest.Source{Dropped: 3, Batch: 2, Idle: []int64{70}, Err: errors.New("torn"), Packets: []capture.Packet{
		{Time: 50, Frame: frame, WireLen: 2000, Link: eth, Has: capture.Decoded | capture.HasIP},
		{Time: 60, Frame: frame, WireLen: 2000, Link: eth},
		{Time: 65, Frame: ether(0x0806, zeros(28)), Link: eth, Has: capture.Decoded},
	}}
	s := New(src, capture.Plan{Payloads: 1, Whole: 4096, Head: 32})
	packets, ifs, err := capturetest.Load(s)
	if err != src.Err || len(packets) != 3 || len(ifs) != 1 {
		t.Fatalf("%d packets, %d interfaces, %v", len(packets), len(ifs), err)
	}
	for i, want := range []struct {
		size int
		has  capture.Fields
	}{{len(frame), capture.Decoded | capture.HasIP}, {14 + 20 + 20 + 32, 0}, {42, capture.Decoded}} {
		p := packets[i]
		if len(p.Frame) != want.size || p.Has != want.has || p.WireLen != src.Packets[i].WireLen || p.Time != src.Packets[i].Time || p.Num != uint64(i+1) {
			t.Errorf("packet %d: %d bytes of %d, %v", i+1, len(p.Frame), p.WireLen, p.Has)
		}
	}
	if st := s.Stats(); st.Packets != 3 || st.Dropped != 3 || st.Bytes != uint64(len(frame)+86+42) {
		t.Errorf("%+v", st)
	}
}

func TestACutFrameHasItsLengthOnTheWireAndIsDecodedAnew(t *testing.T) {
	src := &capturetest.Source{Packets: []capture.Packet{{Frame: ether(etherIPv4, v4(6, data)), Link: eth, Has: capture.Decoded}}}
	s := New(src, capture.Plan{Whole: 4096, Head: 32})
	packets, _, err := capturetest.Load(s)
	if err != nil || packets[0].WireLen != 14+20+20+late || packets[0].Has != 0 {
		t.Errorf("%+v, %v", packets[0], err)
	}
	if err := s.Close(); err != nil || s.Read(&capture.Batch{}) != io.ErrClosedPipe {
		t.Errorf("not closed: %v", err)
	}
}

// bundled calls fn with each capture of the project.
func bundled(t *testing.T, fn func(name string, src capture.Source)) {
	t.Helper()
	played, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := recorded.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append(played, lab...) {
		for _, f := range c.Files {
			src, err := pcapfile.New(bytes.NewReader(f.Bytes), f.Name, pcapfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			fn(c.Name+"/"+f.Name, src)
			src.Close()
		}
	}
}

// headers is what decoding gives of the headers of a packet.
func headers(p capture.Packet) capture.Packet {
	p.Has &^= capture.Clipped
	p.Frame, p.Payload = nil, nil
	return p
}

// What is cut off is payload: no header that decode reads changes by it, and as
// much payload is left as was promised.
func TestTheHeadersOfBundledCapturesStay(t *testing.T) {
	cut, total := 0, 0
	bundled(t, func(name string, src capture.Source) {
		d, dec := NewDecider(capture.Live), decode.Decoder{}
		var b capture.Batch
		for src.Read(&b) == nil {
			for i := range b.Packets {
				full := b.Packets[i]
				less := full
				less.Frame = full.Frame[:d.Cut(full.Frame, full.WireLen, full.Link)]
				less.WireLen = max(full.WireLen, uint32(len(full.Frame)))
				dec.Decode(&full)
				dec.Decode(&less)
				total++
				if len(less.Frame) < len(full.Frame) {
					cut++
				}
				if a, b := headers(full), headers(less); !same(&a, &b) {
					t.Fatalf("%s: packet %d: %+v became %+v", name, full.Num, a, b)
				}
				if len(less.Payload) < min(len(full.Payload), int(capture.Live.Head)) {
					t.Fatalf("%s: packet %d has %d bytes of payload", name, full.Num, len(less.Payload))
				}
			}
		}
	})
	if cut < 1000 { // they keep little of most packets themselves
		t.Errorf("%d of %d frames cut", cut, total)
	}
}

// same compares what Has guards only where it is there.
func same(a, b *capture.Packet) bool {
	for _, p := range []*capture.Packet{a, b} {
		if p.Has&capture.HasOuter == 0 {
			p.Outer = capture.Tunnel{}
		}
		if p.Has&capture.HasQuoted == 0 {
			p.Quoted = capture.Quoted{}
		}
		clear(p.SACK[p.NSACK:])
	}
	return reflect.DeepEqual(a, b)
}
