package policy

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// through hands in frames, a second apart, and returns how many come out.
func through(t *testing.T, x *bench, frames []frame) int {
	t.Helper()
	for _, f := range frames {
		x.at(time.Duration(x.Now()-epoch)+time.Second, f)
	}
	out := len(x.rest())
	if out+x.count(box.Dropped) != len(frames) {
		t.Errorf("%d of %d came out, %d were dropped", out, len(frames), x.count(box.Dropped))
	}
	return out
}

func TestDropAndAccept(t *testing.T) {
	x := newBench(t, &box.Rule{Name: "spare", When: Dir(box.Down), Do: Accept{}}, rule(Every, Drop{}))
	if n := through(t, x, stream(4000, hello("a"))); n != 2 {
		t.Errorf("%d came out", n)
	}
	if e := x.log[0]; e.What != box.Dropped || e.Rule != "r" || e.Dir != box.Up || len(e.Frame) == 0 {
		t.Errorf("log: %+v", e)
	}
}

func TestAHelloAndAllAfterItIsDropped(t *testing.T) {
	x := newBench(t, rule(Sticky(All(SNI("blocked.example"), Hello)), Drop{}))
	frames := stream(4000, hello("blocked.example"))
	if n := through(t, x, append(frames, frames[3], frames[3])); n != 3 {
		t.Errorf("%d came out", n)
	}
}

func TestFlowsFreeze(t *testing.T) {
	var down []frame
	for i := range 40 {
		down = append(down, frame{dir: box.Down, flags: capture.ACK, seq: uint32(i * 1000), payload: make([]byte, 1000)},
			frame{flags: capture.ACK, ack: uint32(i * 1000)})
	}
	for _, c := range []struct {
		do   DropAfter
		want int
	}{
		{DropAfter{Packets: 25}, 25},
		{DropAfter{Packets: 25, Of: Dir(box.Down)}, 49}, // the last acknowledgement finds it frozen
		{DropAfter{Bytes: 16000}, 31},
		{DropAfter{Bytes: 16000, Packets: 10}, 10},
		{DropAfter{}, 80},
	} {
		x := newBench(t, rule(TCP, &c.do))
		if n := through(t, x, down); n != c.want {
			t.Errorf("%+v: %d came out, want %d", c.do, n, c.want)
		}
		x.log = nil
		if n := through(t, x, stream(4444, hello("a"))); n != 6 {
			t.Errorf("another flow freezes too")
		}
	}
}
