package main

import (
	"bytes"
	"io"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

// packetsOf generates a scenario and decodes it.
func packetsOf(t *testing.T, name string, flows int) (packets []capture.Packet, counts decode.Counts) {
	t.Helper()
	var b bytes.Buffer
	if err := generate(&b, name, flows); err != nil {
		t.Fatal(err)
	}
	r, err := pcapfile.New(&b, name, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packets, ok := readAll(r)
	if !ok {
		t.Fatal("damaged")
	}
	var d decode.Decoder
	for i := range packets {
		d.Decode(&packets[i])
	}
	return packets, d.Counts
}

func TestFlowsAreAllOpenAtTheSameTime(t *testing.T) {
	const flows = 2500 // several clients, fewer than a round trip
	packets, counts := packetsOf(t, "flows", flows)
	if counts != (decode.Counts{}) {
		t.Errorf("decode counts %v", counts)
	}
	var opened int
	state := map[capture.Key]string{}
	for _, p := range packets {
		k, _ := p.Key.Canonical()
		before := state[k]
		state[k] += map[uint16]string{syn: "S", synAck: "a", ack: "A", pshAck: "P"}[p.Flags]
		switch {
		case before == "":
			opened++
		case p.PayloadLen > 0 && opened != flows:
			t.Fatalf("data on a flow when %d were open", opened)
		}
	}
	for k, s := range state {
		if s != "SaAPP" {
			t.Fatalf("flow %v went %s", k, s)
		}
	}
	if len(state) != flows || len(packets) != 5*flows {
		t.Errorf("%d flows, %d packets", len(state), len(packets))
	}
}

func TestSequenceNumbersFit(t *testing.T) {
	packets, _ := packetsOf(t, "flows", 1)
	var end [2]uint32 // what each side has sent, by direction
	for i, p := range packets {
		_, down := p.Key.Canonical()
		me, other := 0, 1
		if down {
			me, other = 1, 0
		}
		if p.Flags != syn && p.Flags != synAck && p.Seq != end[me] {
			t.Errorf("packet %d: seq %d, want %d", i+1, p.Seq, end[me])
		}
		if p.Flags&ack != 0 && p.Ack != end[other] {
			t.Errorf("packet %d: ack %d, want %d", i+1, p.Ack, end[other])
		}
		end[me] = p.SeqEnd()
	}
}

func TestEveryPacketOfAFloodIsAFlow(t *testing.T) {
	packets, counts := packetsOf(t, "flood", 100_000)
	if counts != (decode.Counts{}) {
		t.Errorf("decode counts %v", counts)
	}
	keys := map[capture.Key]bool{}
	for _, p := range packets {
		if p.Flags != syn {
			t.Fatalf("flags %x", p.Flags)
		}
		keys[p.Key] = true
	}
	if len(keys) != 100_000 {
		t.Errorf("%d flows", len(keys))
	}
}

func TestAnUnknownScenarioIsRefused(t *testing.T) {
	if err := generate(io.Discard, "nonsense", 1); err == nil {
		t.Error("no error")
	}
}

func TestGeneratingStopsAtTheFirstError(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(io.ErrShortWrite)
	if err := generate(w, "flood", 1000); err != io.ErrShortWrite {
		t.Errorf("%v", err)
	}
}

// countingWriter counts bytes, so that Go's benchmark prints MB/s of a pipe.
type countingWriter struct{ n int64 }

func (w *countingWriter) Write(p []byte) (int, error) { w.n += int64(len(p)); return len(p), nil }

func BenchmarkGenerateFlood(b *testing.B) {
	var w countingWriter
	s := synth{w: &w, step: 1}
	b.ReportAllocs()
	s.flood(b.N)
	b.SetBytes(w.n / int64(b.N))
}

func BenchmarkGopacketLoop(b *testing.B) {
	var file bytes.Buffer
	if err := generate(&file, "flows", 2000); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		packets, flows, err := countFlows(bytes.NewReader(file.Bytes()))
		if packets != 10000 || flows != 2000 || err != nil {
			b.Fatal(packets, flows, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10000, "ns/packet")
}
