package vary

import (
	"fmt"
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

func TestFaults(t *testing.T) {
	odd := DropIf(func(p *capture.Packet) bool { return p.Time/1e6%2 == 0 })
	for _, c := range []struct {
		name   string
		faults []Fault
		want   []int
	}{
		{"none", nil, []int{1, 2, 3, 4, 5, 6}},
		{"all but the first are lost", []Fault{DropIf(func(p *capture.Packet) bool { return p.Time > 1e6 })}, []int{1}},
		{"nothing is lost at random", []Fault{Lossy(0, 1)}, []int{1, 2, 3, 4, 5, 6}},
		{"everything is lost at random", []Fault{Lossy(1, 1)}, nil},
		{"it begins after a third", []Fault{Begun(1, 3)}, []int{3, 4, 5, 6}},
		{"every packet comes again at once", []Fault{odd, Copied(Copy{})}, []int{1, 1, 3, 3, 5, 5}},
		{"every packet comes again later", []Fault{odd, Copied(Copy{After: 25e5})}, []int{1, 3, 1, 5, 3, 5}},
		{"every third is overtaken by one", []Fault{Late(3, 1)}, []int{1, 2, 4, 3, 5, 6}},
		{"the second is overtaken by three", []Fault{Late(5, 3)}, []int{1, 2, 3, 4, 6, 5}},
		{"faults add up", []Fault{odd, Begun(1, 3)}, []int{3, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := some(6)
			got := Apply(in, c.faults...)
			if !slices.Equal(names(got), c.want) {
				t.Errorf("got %v, want %v", names(got), c.want)
			}
			for i, p := range got {
				if p.Num != uint64(i+1) {
					t.Errorf("packet %d is numbered %d", i+1, p.Num)
				}
			}
			if !slices.Equal(names(in), []int{1, 2, 3, 4, 5, 6}) || in[0].Num != 0 {
				t.Error("the packets given were changed")
			}
			if !slices.IsSortedFunc(got, func(a, b capture.Packet) int { return int(a.Time - b.Time) }) {
				t.Error("times are out of order")
			}
		})
	}
}

func TestAFaultCanBeUsedAgain(t *testing.T) {
	f := Lossy(0.5, 9)
	if a, b := names(Apply(some(100), f)), names(Apply(some(100), f)); !slices.Equal(a, b) {
		t.Error("it lost others the second time")
	}
}

func TestLossyLosesAboutAsMuchAsAsked(t *testing.T) {
	if n := len(Apply(some(1000), Lossy(0.3, 4))); n < 650 || n > 750 {
		t.Errorf("%d of 1000 left at 30%% loss", n)
	}
}

func TestSnapCutsFramesAndKeepsTheirLengthOnTheWire(t *testing.T) {
	in := some(10)
	in[0].Has, in[0].PayloadLen = capture.Decoded|capture.HasTCP, 4
	in[9].Has = capture.Decoded
	got := Apply(in, Snap(7))
	if p := got[0]; string(p.Frame) != "frame 1" || p.PayloadLen != 4 {
		t.Errorf("a frame as long as the snaplen was changed: %+v", p)
	}
	p := got[9]
	if string(p.Frame) != "frame 1" || p.WireLen != uint32(len("frame 10")) || p.Has != 0 || p.Time != in[9].Time {
		t.Errorf("cut to %q of %d bytes, %b", p.Frame, p.WireLen, p.Has)
	}
}

func TestShiftMovesTime(t *testing.T) {
	got := Apply(some(2), Shift(-1e6))
	if got[0].Time != 0 || got[1].Time != 1e6 {
		t.Errorf("%d %d", got[0].Time, got[1].Time)
	}
}
