package synth

import (
	"testing"
	"time"

	"chokepoint/capture"
)

func TestClosedPortsRefuse(t *testing.T) {
	b := newBench("203.0.113.1")
	b.path.Server.Mode = Refusing
	script, _ := request(b.Sim, 10)
	Dial(b.path, 443, script, 0)
	b.Run(10 * time.Second)
	got := b.recorded(t)
	if len(got) != 2 {
		t.Fatalf("%d packets", len(got))
	}
	r := got[1]
	if r.Flags != RST|ACK || r.Seq != 0 || r.Ack != got[0].Seq+1 || r.Window != 0 || r.OptsLen != 0 || r.IPID != 0 {
		t.Errorf("%+v", r)
	}
}

func TestSilentHostsDrawSYNsAtOneThreeSevenFifteen(t *testing.T) {
	b := newBench("203.0.113.1")
	b.path.Server.Mode = Silent
	script, _ := request(b.Sim, 10)
	Dial(b.path, 443, script, 0)
	b.Run(20 * time.Second)
	got := b.recorded(t)
	want := []time.Duration{0, 1, 3, 7, 15}
	if len(got) != len(want) {
		t.Fatalf("%d SYNs", len(got))
	}
	for i, p := range got {
		if at := time.Duration(p.Time - got[0].Time); at != want[i]*time.Second {
			t.Errorf("SYN %d at %v", i, at)
		}
	}
}

func TestAnAbortIsInSequenceWithTimestamps(t *testing.T) {
	b := newBench("203.0.113.1")
	Dial(b.path, 443, Script{{From: Up, Data: []byte("hello")}, {From: Down, Act: Abort}}, 0)
	b.Run(time.Second)
	got := b.recorded(t)
	r := got[len(got)-1]
	if r.Flags != RST|ACK || r.Has&capture.HasTS == 0 || r.Window == 0 || r.Ack != got[0].Seq+1+5 || r.Seq != got[1].Seq+1 {
		t.Errorf("%+v", r)
	}
	if len(b.path.Client.conns)+len(b.path.Server.conns) != 0 {
		t.Error("somebody still believes in the connection")
	}
}

func TestAForgedResetEndsTheClientAndLateDataIsRefused(t *testing.T) {
	b := newBench("203.0.113.1")
	box := &Resetter{Sim: b.Sim, Match: func(*Packet) bool { return true }, Delay: 2 * time.Millisecond, Resets: []Forged{{TTL: 60, ID: 5, Window: 99}}}
	b.path.Stages = []Stage{b.tap, box, b.link}
	script, _ := request(b.Sim, 5000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	var forged, refused int
	for _, p := range b.recorded(t) {
		switch {
		case p.Flags&RST == 0:
		case down(&p):
			forged++
			if p.TTL != 60 || p.IPID != 5 || p.Window != 99 || forged > 1 {
				t.Errorf("%+v", p)
			}
		default:
			refused++
			if p.Flags != RST || p.Window != 0 || p.IPID != 0 || p.Has&capture.HasTS != 0 {
				t.Errorf("%+v", p)
			}
		}
	}
	if forged != 1 || refused < 2 {
		t.Errorf("%d forged, %d refused", forged, refused)
	}
	if len(b.path.Server.conns) != 0 {
		t.Error("the server does not believe the refusal")
	}
}

func TestAResetInTheWindowDrawsAChallenge(t *testing.T) {
	b := newBench("203.0.113.1")
	box := &Resetter{Sim: b.Sim, Match: func(*Packet) bool { return true }, Delay: time.Millisecond, Resets: []Forged{{TTL: 60, SeqMore: 400}}}
	b.path.Stages = []Stage{b.tap, box, b.link}
	script, want := request(b.Sim, 5000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	got := b.recorded(t)
	stream(t, got, len(want)) // the connection lives
	for i, p := range got {
		if p.Flags&RST != 0 && down(&p) {
			if c := got[i+1]; down(&c) || c.Flags != ACK || c.Ack != p.Seq-400 {
				t.Errorf("after the reset comes %+v", c)
			}
			return
		}
	}
	t.Error("no reset")
}

func TestALateGoodbyeDrawsAResetFromTheClosedSocket(t *testing.T) {
	b := newBench("203.0.113.1")
	script, _ := request(b.Sim, 500)
	script = append(script, Step{From: Down, Data: []byte("bye")})
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	got := b.recorded(t)
	for i, p := range got {
		if p.Flags&RST != 0 {
			if down(&p) || !down(&got[i-1]) || got[i-1].PayloadLen != 3 || p.Seq != got[i-1].Ack {
				t.Errorf("%+v after %+v", p, got[i-1])
			}
			return
		}
	}
	t.Error("no reset")
}
