package synth

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

func TestEventsComeInOrderOfTimeThenOfAsking(t *testing.T) {
	s := NewSim(start, 1)
	var got []int
	note := func(n int) func() { return func() { got = append(got, n) } }
	s.After(2*time.Second, note(3))
	s.After(time.Second, note(1))
	s.After(time.Second, note(2))
	s.At(5*time.Second, note(9))
	s.After(time.Second, note(8)).Stop()
	var none *Timer
	none.Stop()
	s.Run(4 * time.Second)
	if !slices.Equal(got, []int{1, 2, 3}) || s.Since() != 4*time.Second {
		t.Errorf("%v at %v", got, s.Since())
	}
}

func TestTheSameSeedTellsTheSameStory(t *testing.T) {
	record := func(seed uint64) []byte {
		b := newBench("203.0.113.1")
		b.Rand = NewSim(start, seed).Rand
		b.link.Loss[Down] = 0.05
		script, _ := request(b.Sim, 100_000)
		Dial(b.path, 443, script, 0)
		b.Run(30 * time.Second)
		out, err := b.tap.PCAPNG()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if !bytes.Equal(record(1), record(1)) {
		t.Error("two runs differ")
	}
	if bytes.Equal(record(1), record(2)) {
		t.Error("the seed decides nothing")
	}
}

func TestTapCutsBulkAndKeepsTheRest(t *testing.T) {
	b := newBench("203.0.113.1")
	b.tap.Whole = 3
	script, _ := request(b.Sim, 50_000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	data := 0
	for _, p := range b.recorded(t) {
		if !down(&p) || p.PayloadLen == 0 {
			continue
		}
		data++
		want := uint32(keep)
		if data <= 3 {
			want = p.PayloadLen
		}
		if uint32(len(p.Payload)) != want || p.PayloadLen > 1448 || p.WireLen != p.IPLen+ethernetLen {
			t.Errorf("segment %d: %d of %d bytes", data, len(p.Payload), p.PayloadLen)
		}
	}
	if data < 34 {
		t.Errorf("%d segments", data)
	}
}

func TestRecordingIsAReadableFileWithoutDrops(t *testing.T) {
	b := newBench("2001:db8::1")
	script, _ := request(b.Sim, 1000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	file, err := b.tap.PCAPNG()
	if err != nil {
		t.Fatal(err)
	}
	r, err := pcapfile.New(bytes.NewReader(file), "t0", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var batch capture.Batch
	if err := r.Read(&batch); err != nil || len(batch.Packets) != len(b.tap.records) {
		t.Fatalf("%d of %d packets, %v", len(batch.Packets), len(b.tap.records), err)
	}
	var d decode.Decoder
	d.Decode(&batch.Packets[0])
	if p := batch.Packets[0]; p.Has&capture.HasIPv6 == 0 || p.Time != start.UnixNano() || r.Interfaces()[0].Name != "t0" {
		t.Errorf("%+v", p)
	}
}
