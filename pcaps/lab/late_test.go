package lab

import (
	"strings"
	"testing"
	"time"

	"chokepoint/pcaps/lab/box"
)

func TestALateMachineIsNoticed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		late    Lateness
		starved bool
	}{
		{"simulated time", Lateness{}, false},
		{"a hiccup", Lateness{Worst: time.Second, Slow: 1, Frames: 1000, Stalled: 5, Beats: 600}, false},
		{"frames late", Lateness{Slow: 11, Frames: 1000, Beats: 600}, true},
		{"the program stood still", Lateness{Frames: 1000, Stalled: 7, Beats: 600}, true},
	} {
		if tt.late.Starved() != tt.starved {
			t.Errorf("%s: %v", tt.name, tt.late)
		}
	}
	if s := (Lateness{Worst: 12 * time.Millisecond, Slow: 3, Frames: 9, Beats: 8}).String(); !strings.HasPrefix(s, "3 of 9 frames were sent too late, by up to 12ms") {
		t.Error(s)
	}
}

func TestThePulseSeesAPause(t *testing.T) {
	var p pulse
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() { defer close(ended); p.run(done) }()
	time.Sleep(5 * beat)
	close(done)
	<-ended
	if p.seen.Beats == 0 {
		t.Errorf("%+v", p.seen)
	}
}

func TestWeatherAddsToWhatThereIs(t *testing.T) {
	w := &World{Near: [2]*box.Pipe{{Loss: 0.05}, {}}, Far: [2]*box.Pipe{{Reorder: 0.5, ReorderBy: time.Second}, {}}}
	Weather{}.over(w)
	if w.Near[0].Loss != 0.05 || w.Far[0].Reorder != 0.5 {
		t.Error("a fair day changed something")
	}
	Weather{Loss: 0.02, Reorder: 0.02}.over(w)
	if l := w.Near[0].Loss; l < 0.0594 || l > 0.0596 || w.Near[1].Loss != w.Far[1].Loss || w.Far[0].ReorderBy != time.Second || w.Far[1].ReorderBy != overtaken {
		t.Errorf("%+v %+v", w.Near, w.Far)
	}
}
