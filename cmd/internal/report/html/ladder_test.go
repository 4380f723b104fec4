package html

import (
	"math"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// TestHowAPacketIsDrawn: who made it and whether it arrived is drawn as the finding has it,
// and only where it accuses somebody.
func TestHowAPacketIsDrawn(t *testing.T) {
	rst := rowOf{Num: 9, Dir: fact.Down, TCP: true, Flags: capture.RST}
	hello := rowOf{Num: 9, Dir: fact.Up, TCP: true, Flags: capture.ACK, Length: 517}
	back := rowOf{Num: 9, Dir: fact.Down, TCP: true, Flags: capture.ACK, Length: 517}
	other := rowOf{Num: 8, Dir: fact.Up, TCP: true, Flags: capture.ACK, Length: 517}
	for _, tc := range []struct {
		name    string
		kind    finding.Kind
		verdict finding.Verdict
		dir     finding.Direction
		row     rowOf
		want    string
	}{
		{"a forged reset", finding.ResetInjected, finding.Likely, finding.ToClient, rst, "forged"},
		{"a suspected one", finding.ResetInjected, finding.Suspected, finding.ToClient, rst, "forged"},
		{"one that could not be told", finding.ResetInjected, finding.Inconclusive, finding.ToClient, rst, "down"},
		{"one that was only seen", finding.ResetSeen, finding.Suspected, finding.ToClient, rst, "down"},
		{"the server's own data beside it", finding.ResetInjected, finding.Likely, finding.ToClient, back, "down"},
		{"a hello that was swallowed", finding.DropHello, finding.Likely, finding.ToServer, hello, "lost"},
		{"one that the finding does not name", finding.DropHello, finding.Likely, finding.ToServer, other, "up"},
		{"one that may have arrived", finding.DropHello, finding.Inconclusive, finding.ToServer, hello, "up"},
		{"what came back", finding.DropHello, finding.Likely, finding.ToServer, back, "down"},
		{"data that were cut", finding.DropMidflow, finding.Likely, finding.ToClient, back, "lost"},
		{"an error", finding.ICMPProhibited, finding.Likely, finding.ToClient, rowOf{Num: 9, Dir: fact.Down, ICMP: true}, "icmp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &finding.Finding{Kind: tc.kind, Verdict: tc.verdict, Direction: tc.dir, Packets: []uint64{9}}
			a := arrow(f, &tc.row, between(f), false)
			if a.Class != tc.want || (a.Cross != "") != (tc.want == "lost") || a.Ghost != (tc.want == "forged") {
				t.Errorf("it is drawn as %+v", a)
			}
			if (a.Head == "") != (a.Cross != "") {
				t.Error("it has to arrive, or not")
			}
		})
	}
}

// TestTriesThatTheFindingDoesNotNameDidNotArriveEither: of nine tries it names five.
func TestTriesThatTheFindingDoesNotNameDidNotArriveEither(t *testing.T) {
	p := New()
	c := play(t, p, captureOf(t, "whatsapp-denied-and-dropped"), nil)
	tries := 0
	for _, f := range c.ledger.Standing() {
		if f.Kind != finding.DropHello || f.Verdict != finding.Likely {
			continue
		}
		id := flowIDs(f.Flows)[0]
		for _, r := range c.ladder("x", f, id, c.ladders[id]).Rows {
			if strings.Contains(r.Arrow.Label, "517 B") {
				if tries++; r.Arrow.Class != "lost" {
					t.Errorf("%s: packet %d is drawn as %s", f.ID, r.Num, r.Arrow.Class)
				}
				if r.Marked != slices.Contains(f.Packets, r.Num) {
					t.Errorf("%s: packet %d is marked: %v", f.ID, r.Num, r.Marked)
				}
			}
		}
	}
	if tries == 0 {
		t.Error("no tries")
	}
}

// TestFlowsOfOneBucketAreAddedUp, and others are drawn beside them.
func TestFlowsOfOneBucketAreAddedUp(t *testing.T) {
	p := New()
	c := play(t, p, captureOf(t, "policed-four-flows"), nil)
	f := c.ledger.Standing()[0]
	alone, beside := c.ratePlots(f)
	for _, v := range []*plotView{alone, beside} {
		at := slices.IndexFunc(v.Data.Series, func(s plotSeries) bool { return s.Class == "sum" })
		if at < 0 {
			t.Fatalf("%s: no sum", v.Title)
		}
		y := v.Data.Series[at].Y
		if slices.ContainsFunc(y, math.IsNaN) { // where one of them does not run
			t.Errorf("%s: the sum has holes", v.Title)
		}
		mean := 0.0
		for _, bps := range y[len(y)/4 : 3*len(y)/4] {
			mean += bps / float64(3*len(y)/4-len(y)/4)
		}
		if math.Abs(mean-*f.RateBps) > *f.RateBps/20 {
			t.Errorf("%s: together they have %.0f bit/s, found were %.0f", v.Title, mean, *f.RateBps)
		}
	}
	if alone.Data.highest("control") != 0 || beside.Data.highest("control") < 10e6 {
		t.Errorf("the others run at %.0f bit/s", beside.Data.highest("control"))
	}
	for _, id := range flowIDs(f.Controls) {
		if !slices.Contains(c.concerned(f), id) {
			t.Errorf("packets of %s are not looked at", id)
		}
	}
}
