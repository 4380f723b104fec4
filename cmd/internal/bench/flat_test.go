package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestFlatVerdicts(t *testing.T) {
	run := func(flows int, evicted uint64, rss int64) streamed {
		return streamed{statsRecord{Evicted: evicted}, flows, cost{rss: rss << 20}}
	}
	for _, c := range []struct {
		name string
		all  []streamed
		want string
	}{
		{"flat", []streamed{run(1, 5, 100), run(2, 9, 105), run(3, 9, 109)}, "ok    memory grows by 9.0 % from 1 to 3 flows"},
		{"grows", []streamed{run(1, 5, 100), run(2, 9, 105), run(3, 9, 112)}, "MISS  memory grows by 12.0 %"},
		{"grows at first", []streamed{run(1, 5, 100), run(2, 9, 112), run(3, 9, 112)}, "MISS  memory grows by 12.0 %"},
		{"the budget was not full", []streamed{run(1, 0, 50), run(2, 9, 100), run(3, 9, 100)}, "MISS  1 flows do not fill the budget"},
	} {
		var out strings.Builder
		tellFlat(&out, c.all)
		if !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("%s: %s", c.name, out.String())
		}
	}
}

func TestSizesAreCutShort(t *testing.T) {
	for flows, want := range map[int]int{0: 3, 1_000_000: 3, 100_000: 2, 7: 2} {
		if got := (&options{flows: flows}).sizes(); len(got) != want {
			t.Errorf("-flows %d: %v", flows, got)
		}
	}
}

func TestBusyFramesAreWhole(t *testing.T) {
	const flows = 600
	packets, counts := packetsOf(t, "busy", flows)
	if counts != (decode.Counts{}) {
		t.Errorf("decode counts %v", counts)
	}
	keys, clipped := map[capture.Key]bool{}, 0
	for i := range packets {
		p := &packets[i]
		k, _ := p.Key.Canonical()
		keys[k] = true
		if len(p.Frame) > busyCaptured {
			t.Fatalf("packet %d has %d bytes", p.Num, len(p.Frame))
		}
		if p.WireLen > uint32(len(p.Frame)) {
			clipped++
		}
	}
	if want := flows / 5 * (4*busySteps + 2*busySteps); len(keys) != flows || len(packets) != want || clipped == 0 {
		t.Errorf("%d flows, %d packets of %d, %d clipped", len(keys), len(packets), want, clipped)
	}
}

// busyFlows looks at what is known of flows at their end.
type busyFlows struct{ downloads, lossy, calls, bad int }

func (b *busyFlows) Flow(f *fact.Flow, _ []string) error {
	down := &f.Sides[fact.Down]
	if f.Key.Proto == capture.ProtoTCP {
		b.downloads++
		if down.Retrans > 0 && down.Holes > 0 {
			b.lossy++
		}
		return nil
	}
	b.calls++
	if f.Call != nil && len(f.Call.Ways[fact.Down].Events) > 0 {
		b.bad++
	}
	return nil
}

func (b *busyFlows) Finding(*finding.Finding) error { return nil }
func (b *busyFlows) Service(*answer.Service) error  { return nil }

// TestBusyFlowsHoldAllThereIsToHold: a flow of which nothing was kept would show no
// growth of what is.
func TestBusyFlowsHoldAllThereIsToHold(t *testing.T) {
	const flows = 50
	for without, bad := range map[classify.Group]int{0: flows / 5, classify.Calls: 0} {
		var file bytes.Buffer
		if err := generate(&file, "busy", flows); err != nil {
			t.Fatal(err)
		}
		src, err := pcapfile.New(&file, "busy", pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b busyFlows
		if _, err := classify.Run(context.Background(), src, &b, classify.Options{All: true, Without: without}); err != nil {
			t.Fatal(err)
		}
		if want := (busyFlows{flows / 5 * 4, flows / 5 * 4, flows / 5, bad}); b != want {
			t.Errorf("without %b: %+v, want %+v", without, b, want)
		}
	}
}
