package classify

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/vary"
)

// harmed is a capture after a fault.
type harmed struct {
	packets []capture.Packet
	ifs     []capture.Interface
	dropped uint64 // what the source says it lost
}

// bundled reads a bundled capture.
func bundled(t *testing.T, b []byte) harmed {
	t.Helper()
	src, err := pcapfile.New(bytes.NewReader(b), "test", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packets, ifs, err := capturetest.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	h, ok := secondInterface(packets, ifs)
	if !ok {
		t.Fatal("an empty capture")
	}
	return h
}

// after is the capture after a fault.
func (h harmed) after(f *fault) harmed {
	n := len(h.packets)
	h.packets = vary.Apply(h.packets, f.make)
	if f.told {
		h.dropped = uint64(n - len(h.packets))
	}
	return h
}

// secondInterface adds an interface for what is captured twice.
func secondInterface(packets []capture.Packet, ifs []capture.Interface) (harmed, bool) {
	if len(packets) == 0 || len(ifs) == 0 {
		return harmed{}, false
	}
	other := ifs[len(ifs)-1]
	other.Name += "'"
	return harmed{packets: packets, ifs: append(slices.Clone(ifs), other)}, true
}

// run analyses the capture, twice: law 4, the same with 1 and 3 workers.
func (h harmed) run(t *testing.T) *blindRecorder {
	t.Helper()
	one, three := newBlindRecorder(), newBlindRecorder()
	var stats [2]Stats
	for i, rec := range []*blindRecorder{one, three} {
		var err error
		src := &capturetest.Source{Packets: h.packets, Ifs: h.ifs, Batch: 256, Dropped: h.dropped}
		stats[i], err = Run(context.Background(), src, rec, Options{Workers: 1 + 2*i, All: true, Seed: uint64(1 + i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if one.text.String() != three.text.String() || !reflect.DeepEqual(stats[0], stats[1]) {
		t.Error("three workers tell something else than one")
	}
	return one
}

func newBlindRecorder() *blindRecorder {
	return &blindRecorder{newRecorder(), map[string]fact.Blindness{}}
}

// Flow keeps what could not be seen of a connection, besides what the recorder does.
func (r *blindRecorder) Flow(f *fact.Flow, ids []string) error {
	k := ends(&finding.Endpoint{IP: f.Key.SrcAddr(), Port: f.Key.SrcPort}, &finding.Endpoint{IP: f.Key.DstAddr(), Port: f.Key.DstPort})
	r.blind[k] |= f.Blind
	return r.recorder.Flow(f, ids)
}

// blindRecorder is a recorder that knows what could not be seen, by ends.
type blindRecorder struct {
	*recorder
	blind map[string]fact.Blindness
}

// last returns the last revision of every finding. One that cannot tell whose
// connection it was gets the service that names has for it: what a fault hides
// is no licence to accuse, and no accusation of somebody else.
func (r *recorder) last(names map[string]string) (out []finding.Finding) {
	for _, id := range r.order {
		f := r.findings[id]
		if f.Service == "" && names != nil {
			f.Service = names[ends(f.Client, f.Server)]
		}
		out = append(out, f)
	}
	return out
}

// ends tells connections apart across harms.
func ends(client, server *finding.Endpoint) string {
	if client == nil || server == nil {
		return ""
	}
	return fmt.Sprint(*client, *server)
}
