package script

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/ledger"
	"chokepoint/pcaps/synth"
	"chokepoint/pcaps/truth"
)

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// played is what came of a world: its captures, decoded, and the deeds.
type played struct {
	files map[string][]capture.Packet
	deeds []truth.Deed
}

func play(t *testing.T, w *World, lasts time.Duration) played {
	t.Helper()
	w.Run(lasts)
	files, err := w.Files()
	if err != nil {
		t.Fatal(err)
	}
	p := played{files: map[string][]capture.Packet{}}
	for name, b := range files {
		p.files[name] = decoded(t, name, b)
	}
	p.deeds = ledger.Deeds(w.Log(), p.files)
	return p
}

func decoded(t *testing.T, name string, b []byte) (out []capture.Packet) {
	t.Helper()
	r, err := pcapfile.New(bytes.NewReader(b), name, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var d decode.Decoder
	for err != io.EOF {
		var batch capture.Batch
		if err = r.Read(&batch); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		for _, p := range batch.Packets {
			d.Decode(&p)
			out = append(out, p)
		}
	}
	if d.Counts != (decode.Counts{}) {
		t.Errorf("%s: malformed: %v", name, d.Counts)
	}
	return out
}

// deed returns the deed of a rule and kind, which there must be one of.
func (p played) deed(t *testing.T, rule string, what box.What, dir string) truth.Deed {
	t.Helper()
	for _, d := range p.deeds {
		if d.Rule == rule && d.What == string(what) && d.Dir == dir {
			return d
		}
	}
	t.Fatalf("nothing %s %s by %q: %+v", what, dir, rule, p.deeds)
	return truth.Deed{}
}

// packet returns a packet of a capture by its number.
func (p played) packet(file string, num uint64) *capture.Packet { return &p.files[file][num-1] }

func at(p *capture.Packet) time.Duration { return time.Duration(p.Time - start.UnixNano()) }

// says matches a client's payload with a name in it.
func says(name string) box.Match {
	return func(p *box.Packet) bool { return p.Dir == box.Up && bytes.Contains(p.Payload, []byte(name)) }
}

func between(a netip.Addr) box.Match {
	return func(p *box.Packet) bool { return p.Key.SrcAddr() == a || p.Key.DstAddr() == a }
}

// reset forges a reset in the server's name, in sequence: an answer to p.
func reset(t *testing.T, p *box.Packet, ttl uint8) []byte {
	t.Helper()
	k := p.Key.Reverse()
	r := &synth.Packet{Dir: synth.Down, Src: netip.AddrPortFrom(k.SrcAddr(), k.SrcPort), Dst: netip.AddrPortFrom(k.DstAddr(), k.DstPort),
		Proto: capture.ProtoTCP, TTL: ttl, ID: 0x3a41, Flags: synth.RST | synth.ACK, Seq: p.Ack, Ack: p.SeqEnd(), Window: 8192}
	b, err := r.Frame(false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// acts is an action made of a function.
type acts func(b *box.Box, r *box.Rule, p *box.Packet) bool

func (f acts) Act(b *box.Box, r *box.Rule, p *box.Packet) bool { return f(b, r, p) }
