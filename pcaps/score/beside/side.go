package beside

import (
	"io"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/capture/plan"
)

// Side is one end of a line, recorded and watched live at the same time.
type Side struct {
	File     string           // that the truth calls the recording by: "client.pcapng"
	Recorded []capture.Packet // whole frames, in order of time
	Live     []capture.Batch  // as they came
	Stats    capture.Stats    // of the live source
}

// packets returns all packets of live capture, decoded.
func (s *Side) packets() (out []capture.Packet) {
	for i := range s.Live {
		out = append(out, s.Live[i].Packets...)
	}
	return decoded(out)
}

// notes returns all that the kernel said.
func (s *Side) notes() (out []capture.Note) {
	for i := range s.Live {
		out = append(out, s.Live[i].Notes...)
	}
	return out
}

// decoded decodes packets in their place. Their frames are left alone.
func decoded(packets []capture.Packet) []capture.Packet {
	var dec decode.Decoder
	for i := range packets {
		dec.Decode(&packets[i])
	}
	return packets
}

// listed is packets as a source, one at a time, as they were before they were
// decoded.
func listed(packets []capture.Packet) capture.Source {
	raw := make([]capture.Packet, len(packets))
	for i := range packets {
		p := &packets[i]
		raw[i] = capture.Packet{Num: uint64(i + 1), Time: p.Time, Frame: p.Frame, WireLen: p.WireLen, If: p.If, Link: p.Link, Has: p.Has & capture.HasSegs, Segs: p.Segs}
	}
	return &capturetest.Source{Packets: raw, Batch: 1}
}

// planned is listed, cut to what live capture delivers.
func planned(packets []capture.Packet) capture.Source { return plan.New(listed(packets), capture.Live) }

// again delivers what a live source did.
type again struct {
	side  *Side
	deaf  bool // without what the kernel said
	next  int
	until int64 // time at which it ends, ns
}

// Read implements [capture.Source].
func (a *again) Read(b *capture.Batch) error {
	b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
	if a.next >= len(a.side.Live) {
		return io.EOF
	}
	from := &a.side.Live[a.next]
	a.next++
	for i := range from.Packets {
		if p := from.Packets[i]; p.Time <= a.until {
			p.Has &= capture.HasSegs
			b.Packets = append(b.Packets, p)
		}
	}
	for i := range from.Notes {
		if n := from.Notes[i]; !a.deaf && n.Time <= a.until {
			b.Notes = append(b.Notes, n)
		}
	}
	b.Now = min(from.Now, a.until)
	return nil
}

// Interfaces implements [capture.Source].
func (a *again) Interfaces() []capture.Interface {
	return []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}}
}

// Stats implements [capture.Source].
func (a *again) Stats() capture.Stats { return a.side.Stats }

// Close implements [capture.Source].
func (a *again) Close() error { return nil }
