package classify

import (
	"testing"
	"time"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// told1 tells a drop.hello of some verdict about a flow and returns its id.
func told1(o *emission, flow fact.FlowID, v finding.Verdict) *told {
	f := finding.Finding{Kind: finding.DropHello, Verdict: v, Packets: []uint64{uint64(flow)}}
	o.take(&verdicts{flow: flow, asked: 1, says: []said{{finding: f}}, failing: fact.Failure{Flow: flow, Time: 1}})
	o.tell()
	return o.open[flow][0]
}

func lifting(o *emission) (a, b *told) {
	a, b = told1(o, 1, finding.Suspected), told1(o, 2, finding.Suspected)
	o.raise(0, &detect.Lift{
		Finding: a.finding.ID, To: finding.Likely, Evidence: finding.Evidence{Code: "REP"}, Controls: []string{"c000009"},
		Trigger: &finding.Condition{By: "name"}, Summary: "and more", Rests: []string{b.finding.ID},
	})
	o.tell()
	return a, b
}

func TestALiftRaises(t *testing.T) {
	r := newRun(nil, newRecorder(), Options{})
	a, _ := lifting(&r.out)
	f := &a.finding
	if f.Verdict != finding.Likely || f.Rev != 1 || f.Trigger == nil || len(f.For) != 1 || len(f.Controls) != 1 || f.Summary != "; and more" {
		t.Errorf("%+v", f)
	}
	if len(r.world.Failures) != 2 || r.world.Failures[1].Verdict != string(finding.Likely) {
		t.Errorf("%+v", r.world.Failures)
	}
}

func TestALiftLowersNothing(t *testing.T) {
	r := newRun(nil, newRecorder(), Options{})
	a := told1(&r.out, 1, finding.Confirmed)
	r.out.raise(0, &detect.Lift{Finding: a.finding.ID, To: finding.Likely, Evidence: finding.Evidence{Code: "REP"}})
	if a.finding.Verdict != finding.Confirmed || len(a.finding.For) != 1 {
		t.Errorf("%+v", a.finding)
	}
}

func TestALiftFallsWithWhatItStoodOn(t *testing.T) {
	for _, fallen := range []finding.Verdict{finding.Benign, finding.Withdrawn, finding.Inconclusive} {
		r := newRun(nil, newRecorder(), Options{})
		o := &r.out
		a, b := lifting(o)
		b.bare.Verdict = fallen
		b.compose()
		o.fresh = append(o.fresh, b)
		o.overall(true)
		if f := &a.finding; f.Verdict != finding.Suspected || f.Rev != 2 || len(f.For) != 0 || f.Trigger != nil || f.Summary != "" {
			t.Errorf("%s: %+v", fallen, f)
		}
	}
}

func TestALiftOutlivesARevision(t *testing.T) {
	r := newRun(nil, newRecorder(), Options{})
	a, _ := lifting(&r.out)
	again := finding.Finding{Kind: finding.DropHello, Verdict: finding.Suspected, For: make([]finding.Evidence, 3)}
	a.update(&again)
	if a.finding.Verdict != finding.Likely || len(a.finding.For) != 4 {
		t.Errorf("%+v", a.finding)
	}
}

// TestWideFindings: what a world detector found itself is told, told anew when it
// grew, withdrawn when it is left out too soon, and stands when its time is over.
func TestWideFindings(t *testing.T) {
	begun := time.Unix(1000, 0)
	found := func(flows int) []finding.Finding {
		return []finding.Finding{{Kind: finding.HostAllowlist, Verdict: finding.Likely, From: begun, Flows: make([]string, flows)}}
	}
	for _, c := range []struct {
		name  string
		now   int64 // s after it began
		then  []finding.Finding
		want  finding.Verdict
		flows int
		rev   int
	}{
		{"the same again", 5, found(8), finding.Likely, 8, 0},
		{"a little more", 5, found(9), finding.Likely, 8, 0},
		{"half as much again", 5, found(12), finding.Likely, 12, 1},
		{"left out", 5, nil, finding.Withdrawn, 8, 1},
		{"left out when it may be forgotten", 121, nil, finding.Likely, 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(nil, newRecorder(), Options{})
			o := &r.out
			r.world.Now = begun.UnixNano()
			o.takeWide(0, found(8))
			o.tell()
			r.world.Now += c.now * second
			o.takeWide(0, c.then)
			o.tell()
			if f := &o.wide[0][0].finding; f.ID != "f1" || f.Verdict != c.want || len(f.Flows) != c.flows || f.Rev != c.rev {
				t.Errorf("%+v", f)
			}
		})
	}
}
