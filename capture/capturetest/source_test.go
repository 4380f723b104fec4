package capturetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"chokepoint/capture"
)

// some returns n packets, one a millisecond, each with its number as its frame.
func some(n int) []capture.Packet {
	out := make([]capture.Packet, n)
	for i := range out {
		frame := fmt.Appendf(nil, "frame %d", i+1)
		out[i] = capture.Packet{Time: int64(i+1) * 1e6, Link: capture.LinkEthernet, Frame: frame, WireLen: uint32(len(frame))}
	}
	return out
}

// names returns the number each packet had in some.
func names(packets []capture.Packet) (n []int) {
	for _, p := range packets {
		var i int
		fmt.Sscanf(string(p.Frame), "frame %d", &i)
		n = append(n, i)
	}
	return n
}

func TestBatchesHaveTheSizeAskedFor(t *testing.T) {
	for _, c := range []struct {
		batch int
		want  []int
	}{{0, []int{5}}, {1, []int{1, 1, 1, 1, 1}}, {2, []int{2, 2, 1}}, {9, []int{5}}} {
		src := &Source{Packets: some(5), Batch: c.batch}
		var b capture.Batch
		var got []int
		for src.Read(&b) == nil {
			got = append(got, len(b.Packets))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("batches of %d: got %v, want %v", c.batch, got, c.want)
		}
	}
}

func TestPacketsAreNumberedFromOneUnlessTheyHaveNumbers(t *testing.T) {
	in := some(3)
	in[1].Num = 77
	got, _, err := Load(&Source{Packets: in, Batch: 1})
	if err != nil || got[0].Num != 1 || got[1].Num != 77 || got[2].Num != 3 {
		t.Errorf("%d %d %d, %v", got[0].Num, got[1].Num, got[2].Num, err)
	}
}

func TestTheEndIsRepeated(t *testing.T) {
	torn := errors.New("torn")
	for _, c := range []struct{ err, want error }{{nil, io.EOF}, {torn, torn}} {
		src := &Source{Packets: some(1), Err: c.err}
		var b capture.Batch
		if err := src.Read(&b); err != nil || len(b.Packets) != 1 {
			t.Fatalf("first read: %v with %d packets", err, len(b.Packets))
		}
		for range 3 {
			if err := src.Read(&b); err != c.want || len(b.Packets) != 0 {
				t.Errorf("at the end: %v with %d packets, want %v and none", err, len(b.Packets), c.want)
			}
		}
	}
}

func TestNowNeverStepsBack(t *testing.T) {
	in := some(3)
	in[2].Time = 5 // a clock step
	src := &Source{Packets: in, Batch: 1, Idle: []int64{1, 9e9}}
	var b capture.Batch
	var got []int64
	for src.Read(&b) == nil {
		got = append(got, b.Now)
	}
	if want := []int64{1e6, 2e6, 2e6, 2e6, 9e9}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMemoryOfABatchIsPoisoned is what the package is for: a frame kept beyond
// its batch must not look like a frame.
func TestMemoryOfABatchIsPoisoned(t *testing.T) {
	in := some(40) // enough that the batch's memory grows several times
	in[0].Payload = in[0].Frame[2:]
	src := &Source{Packets: in}
	var b capture.Batch
	src.Read(&b)
	stale := slices.Clone(b.Packets)
	src.Read(&b)
	for i, p := range stale {
		for _, kept := range [][]byte{p.Frame, p.Payload} {
			if len(bytes.Trim(kept, string([]byte{Poison}))) != 0 {
				t.Errorf("packet %d kept %q beyond its batch", i+1, kept)
			}
		}
	}
	if string(in[0].Frame) != "frame 1" {
		t.Error("the packets given were overwritten")
	}
}

func TestNilFramesStayNil(t *testing.T) {
	src := &Source{Packets: []capture.Packet{{Has: capture.Decoded, Payload: []byte("x")}}}
	got, ifs, err := Load(src)
	if err != nil || got[0].Frame != nil || string(got[0].Payload) != "x" || len(ifs) != 1 {
		t.Errorf("%+v, %v, %v", got[0], ifs, err)
	}
}

func TestStatsCountWhatWasRead(t *testing.T) {
	src := &Source{Packets: some(3), Batch: 2, Dropped: 7, Lost: 1}
	var b capture.Batch
	src.Read(&b)
	if got := src.Stats(); got != (capture.Stats{Packets: 2, Bytes: 14, Dropped: 7, Lost: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestReadingAfterCloseFails(t *testing.T) {
	src := &Source{Packets: some(1)}
	src.Close()
	var b capture.Batch
	if err := src.Read(&b); err == nil || err == io.EOF {
		t.Errorf("%v", err)
	}
}

func TestLoadReturnsWhatCameBeforeAnError(t *testing.T) {
	torn := errors.New("torn")
	got, _, err := Load(&Source{Packets: some(3), Batch: 1, Err: torn})
	if err != torn || !slices.Equal(names(got), []int{1, 2, 3}) {
		t.Errorf("%v, %v", names(got), err)
	}
}
