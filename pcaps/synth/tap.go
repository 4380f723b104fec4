package synth

import (
	"bytes"
	"fmt"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
)

// keep is how many payload bytes of a later data segment are recorded: bulk
// data is opaque, its headers are what counts.
const keep = 4

// keepDatagram is the same of a later datagram: the head of RTP, also behind
// that of TURN or of a call's relay.
const keepDatagram = 24 + 12

// Tap records what passes it, as a capture on the host Near does: the first
// payload segments of a direction whole, later ones cut short.
type Tap struct {
	Sim   *Sim
	Name  string // of the interface
	Near  Dir    // the direction this tap's host sends in
	Whole int    // payload segments a flow and direction recorded whole, 0: all
	// Datagrams is how many datagrams a flow and direction are recorded whole, 0:
	// all.
	Datagrams int

	records []pcapfile.Record
	seen    map[tapKey]int
	err     error
}

type tapKey struct {
	flow  tuple
	dir   Dir
	proto uint8
}

// snaplen is what the file says: tcpdump's default. Records may still be
// shorter, as a tool that slices captures leaves them.
const snaplen = 262144

// Handle records the packet and passes it on.
func (t *Tap) Handle(at Spot, p *Packet) {
	t.record(p)
	at.Forward(p)
}

func (t *Tap) record(p *Packet) {
	f, err := p.Frame(p.Dir == t.Near)
	if err != nil {
		t.err = err
		return
	}
	wire := len(f)
	whole, rest := t.Whole, keep
	if p.Proto != capture.ProtoTCP {
		whole, rest = t.Datagrams, keepDatagram
	}
	if len(p.Payload) > 0 && whole > 0 {
		k := tapKey{p.tuple(), p.Dir, p.Proto}
		if t.seen == nil {
			t.seen = map[tapKey]int{}
		}
		if t.seen[k]++; t.seen[k] > whole {
			f = f[:min(wire, wire-len(p.Payload)+rest)]
		}
	}
	t.records = append(t.records, pcapfile.Record{Time: t.Sim.now, Frame: f, WireLen: uint32(wire)})
}

// PCAPNG returns the recording as a pcapng file.
func (t *Tap) PCAPNG() ([]byte, error) {
	if t.err != nil {
		return nil, t.err
	}
	var b bytes.Buffer
	w, err := pcapfile.NewWriter(&b, []capture.Interface{{Name: t.Name, Link: capture.LinkEthernet, Snaplen: snaplen}})
	if err != nil {
		return nil, fmt.Errorf("start the capture: %w", err)
	}
	for _, r := range t.records {
		if err := w.Write(r); err != nil {
			return nil, err
		}
	}
	if err := w.WriteDrops(0, t.Sim.now, 0); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
