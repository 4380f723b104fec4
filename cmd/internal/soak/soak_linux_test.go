package soak

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"chokepoint/pcaps/lab/netns"
	"chokepoint/pcaps/lab/replay"
)

// What make soak asks for. Without it the soak is the short one, which CI can
// afford.
var (
	length  = flag.Duration("soak.for", 0, "play for so long; 0: 20 s within little memory")
	rate    = flag.Int("soak.flows", 2200, "new flows a second")
	program = flag.String("soak.program", "", "the program to watch with; none: it is built")
	options = flag.String("soak.options", "", "further flags of watch")
)

// The short soak: with so little memory flows are evicted after some seconds.
const (
	short       = 20 * time.Second
	shortMemory = "16M"
)

// long is from when on a soak tells whether memory grows: its second sixth begins
// after the first minute.
const long = 6 * time.Minute

// ceiling is the most that may ever be resident, bytes: the budget of flows that
// there is by default, and as much for the rest.
const (
	ceiling      = 1 << 30
	shortCeiling = 384 << 20
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := netns.Missing()
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// rigged is a cable for as long as a test goes on.
func rigged(t *testing.T, name string) *replay.Rig {
	t.Helper()
	rig, err := replay.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rig.Close() })
	return rig
}

// TestSoak: what a watch costs does not depend on how long it goes on, and what
// passed is accounted for to the frame.
func TestSoak(t *testing.T) {
	need(t)
	play, every, pace, limit := *length, 5*time.Second, 10*time.Second, int64(ceiling)
	args := strings.Fields(*options)
	if play == 0 {
		play, every, pace, limit = short, time.Second, time.Second, shortCeiling
		args = append(args, "--memory", shortMemory)
	}
	rig := rigged(t, "soak")
	w := begin(t, rig, built(t), pace, args...)
	played := make(chan tally, 1)
	go func() { played <- churn(t, rig, play) }()
	samples := w.sample(t, play, every)
	sent := <-played
	passed := sent.out + arrived(t, rig)
	end := w.interrupt(t)
	if sent.flows == 0 {
		t.Fatal("nothing was sent")
	}
	for _, g := range Judge(samples, play >= long) {
		t.Error(g)
	}
	if most := most(samples).RSS; most > limit {
		t.Errorf("%d MB resident", most>>20)
	}
	fmt.Printf("%d flows (%.0f a second), %d frames, %d passed; watch: %d packets, %d lost, %d unseen, %d flows, %d evicted, %d findings; records: %v\n",
		sent.flows, float64(sent.flows)/play.Seconds(), sent.frames, passed, end.Packets, end.LostByKernel+end.LostByUs, end.Unseen, end.Flows, end.Evicted, end.Findings, w.records)
	if got := end.Packets + end.missed(); got != passed {
		t.Errorf("%d frames passed, %d accounted for", passed, got)
	}
	if slow := float64(sent.flows) < 0.9*float64(*rate)*play.Seconds(); slow {
		t.Logf("the machine is too slow for %d flows a second", *rate)
	}
}

// tally is what was played.
type tally struct {
	flows  uint64
	frames uint64
	out    uint64 // of the frames, those that left the watched end
}

// arrived is how many frames came in at the watched end: when the machine is busy,
// the cable loses some before anybody could see them (net.core.netdev_max_backlog).
func arrived(t *testing.T, rig *replay.Rig) (frames uint64) {
	t.Helper()
	err := rig.Near.Do(func() error {
		l, err := netlink.LinkByName(replay.Watched)
		if err == nil {
			frames = l.Attrs().Statistics.RxPackets
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// beat is between two handfuls of flows.
const beat = 20 * time.Millisecond

// churn plays new flows. Those of one beat go on at the same time.
func churn(t *testing.T, rig *replay.Rig, play time.Duration) (sent tally) {
	c, err := NewChurn(1)
	if err != nil {
		t.Error(err)
		return sent
	}
	began := time.Now()
	for {
		gone := time.Since(began)
		if gone >= play {
			return sent
		}
		due := uint64(gone.Seconds() * float64(*rate))
		var flows [][]Frame
		for ; sent.flows < due; sent.flows++ {
			flows = append(flows, c.Next())
		}
		frames := woven(flows)
		if err := rig.Play(frames); err != nil {
			t.Error(err)
			return sent
		}
		sent.frames += uint64(len(frames))
		for i := range frames {
			if frames[i].Out {
				sent.out++
			}
		}
		time.Sleep(beat - min(beat, time.Since(began)-gone))
	}
}

// woven takes a frame of each flow in turn.
func woven(flows [][]Frame) (frames []replay.Frame) {
	for i, more := 0, true; more; i++ {
		more = false
		for _, f := range flows {
			if i < len(f) {
				frames = append(frames, replay.Frame{Out: f[i].Up, Bytes: f[i].Bytes})
				more = true
			}
		}
	}
	return frames
}
