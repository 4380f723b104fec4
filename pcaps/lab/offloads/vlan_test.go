//go:build linux

package offloads

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/classify/fact"
	"chokepoint/pcaps/lab/replay"
	"chokepoint/pcaps/lab/tap"
)

// tag is what is put behind the addresses of a frame (IEEE 802.1Q 9.3, 802.1ad).
type tag []uint16

var tags = map[string]tag{
	"VLAN": {0x8100, 7},
	"QinQ": {0x88a8, 7, 0x8100, 8},
}

func (g tag) insert(frame []byte) []byte {
	const at = 12
	var b []byte
	for _, word := range g {
		b = binary.BigEndian.AppendUint16(b, word)
	}
	return slices.Insert(slices.Clone(frame), at, b...)
}

// without are frames as they arrived, without their tags.
func (g tag) without(t *testing.T, c tap.Capture) tap.Capture {
	t.Helper()
	out := tap.Capture{Records: slices.Clone(c.Records)}
	for i := range out.Records {
		r := &out.Records[i]
		bare := slices.Delete(slices.Clone(r.Frame), 12, 12+2*len(g))
		if !slices.Equal(g.insert(bare), r.Frame) {
			t.Fatalf("frame %d has no such tag", i+1)
		}
		r.Frame, r.WireLen = bare, r.WireLen-uint32(2*len(g))
	}
	return out
}

// TestTaggedFramesAgree: the kernel takes the tag out of frames that arrive, and
// keeps it beside them. However they are watched, as much is known of tagged frames
// as of a recording of them, and as of the same frames without their tags.
func TestTaggedFramesAgree(t *testing.T) {
	need(t)
	stamp(t)
	r := build(t)
	rig, err := replay.New("vlan")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rig.Close() })
	p := newPost(t, rig.Near, backends)
	for i, j := range []journey{
		{name: "as on the wire", offload: allOff, bytes: 1e6, lose: 97},
		{name: "merged", offload: allOn, bytes: 1e6, both: true, lose: 7},
	} {
		from := uint16(50000 + i)
		r.settle(t, &j)
		own := newPost(t, r.client, nil)
		own.record(t)
		end, _ := r.travel(t, &j, from)
		if !own.stop(t, end) {
			t.Fatal("the recorder lost frames")
		}
		for name, g := range tags {
			t.Run(name+" "+j.name, func(t *testing.T) { g.compare(t, rig, p, own.file, from) })
		}
	}
}

// compare plays a recording with tags and compares.
func (g tag) compare(t *testing.T, rig *replay.Rig, p *post, plain tap.Capture, from uint16) {
	p.record(t)
	if err := rig.Play(g.frames(plain)); err != nil {
		t.Fatal(err)
	}
	if !p.stop(t, time.Now()) {
		t.Fatal("frames were lost")
	}
	if len(p.file.Records) != len(plain.Records) {
		t.Fatalf("%d frames played, %d recorded", len(plain.Records), len(p.file.Records))
	}
	// Not of the recording that was played: on a busy machine frames arrive in another order.
	want := fromFile(t, g.without(t, p.file))[from]
	got := p.compare(t, from)
	for d := range got.Sides {
		if a, b := countsOf(&got.Sides[d]), countsOf(&want.Sides[d]); a.packets == 0 || a != b {
			t.Errorf("%v:\n%+v\n%+v without the tag", fact.Dir(d), a, b)
		}
	}
	for i, w := range p.watchers {
		g.carried(t, w.backend, p.live[i])
	}
}

// frames are those of a recording, with tags, at the same times.
func (g tag) frames(c tap.Capture) []replay.Frame {
	packets := make([]capture.Packet, len(c.Records))
	for i, r := range c.Records {
		packets[i] = capture.Packet{Time: r.Time, Frame: r.Frame, WireLen: r.WireLen, Link: capture.LinkEthernet}
	}
	frames, _ := replay.Frames(packets, map[netip.Addr]bool{clients[false]: true}, 1)
	for i := range frames {
		frames[i].Bytes = g.insert(frames[i].Bytes)
	}
	return frames
}

// carried: each packet has its outer tag.
func (g tag) carried(t *testing.T, who string, packets []capture.Packet) {
	t.Helper()
	var d decode.Decoder
	for i := range packets {
		p := packets[i]
		d.Decode(&p)
		if p.Has&capture.HasVLAN == 0 || p.VLAN != g[1] {
			t.Fatalf("%s: packet %d has VLAN %d", who, p.Num, p.VLAN)
		}
	}
}
