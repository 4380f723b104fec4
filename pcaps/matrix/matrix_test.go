package matrix

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/truth"
)

// wanted is a case on F2 that demands a reset of whatsapp at likely.
func wanted() *pcaps.Case {
	return &pcaps.Case{Name: "race", Truth: truth.Truth{Cases: []string{"F2", "B40"},
		Finds: []truth.Must{{Kinds: []finding.Kind{finding.ResetInjected}, Service: "whatsapp", AtLeast: finding.Likely}}}}
}

func said(of ...finding.Finding) *score.Observed {
	o := &score.Observed{Flows: 1}
	for _, f := range of {
		o.Findings = append(o.Findings, score.Found{Finding: f})
	}
	return o
}

func reset(v finding.Verdict) finding.Finding {
	return finding.Finding{Kind: finding.ResetInjected, Service: "whatsapp", Verdict: v}
}

func TestACellIsWhatIsReached(t *testing.T) {
	same, less := &columns[0], &columns[len(columns)-1]
	drop := finding.Finding{Kind: finding.DropHello, Service: "signal", Verdict: finding.Likely}
	for _, tt := range []struct {
		name    string
		col     *Column
		said    *score.Observed
		reached finding.Verdict
		met     bool
		wrong   int
	}{
		{"found", same, said(reset(finding.Confirmed), reset(finding.Suspected)), finding.Confirmed, true, 0},
		{"weaker", same, said(reset(finding.Suspected)), finding.Suspected, false, 0},
		{"missed", same, said(), "", false, 0},
		{"weaker, where less is seen", less, said(reset(finding.Suspected)), finding.Suspected, true, 0},
		{"withdrawn", less, said(reset(finding.Withdrawn)), "", true, 0},
		{"something false besides", less, said(reset(finding.Confirmed), drop), finding.Confirmed, false, 1},
	} {
		c := judge(wanted(), clientFile, tt.col, tt.said)
		if c.Demand != finding.Likely || c.Reached != tt.reached || c.Met() != tt.met || len(c.Wrong) != tt.wrong {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
	benign := &pcaps.Case{Truth: truth.Truth{Cases: []string{"B1"}}}
	if c := judge(benign, clientFile, same, said(reset(finding.Unexplained))); c.Demand != "" || c.Reached != finding.Unexplained || !c.Met() {
		t.Errorf("%+v", c)
	}
}

func TestWhoSeesLessIsNoSurer(t *testing.T) {
	whole := said(reset(finding.Likely))
	blind := said(reset(finding.Suspected))
	for _, tt := range []struct {
		name string
		said *score.Observed
		see  []string
		met  bool
	}{
		{"surer", said(reset(finding.Confirmed)), []string{"one_way"}, false},
		{"as sure", said(reset(finding.Likely)), nil, true},
		{"less sure, and it says why", blind, []string{"one_way"}, true},
		{"less sure for no reason", blind, nil, false},
		{"nothing is left", &score.Observed{}, nil, true},
	} {
		tt.said.Blind = tt.see
		var c Cell
		c.lessened(whole, tt.said)
		if c.Met() != tt.met {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
}

func TestTheGridSumsUpLines(t *testing.T) {
	g := &Grid{cells: map[[2]string][]Cell{}}
	cell := func(name string, demand, got finding.Verdict, wrong ...string) Cell {
		c := Cell{Lines: []string{"F2", "B40", "N1"}, Case: name, File: clientFile, Column: Recorded, Demand: demand, Reached: got, Wrong: wrong}
		if demand.Rank() > got.Rank() {
			c.Short = []string{"missed"}
		}
		return c
	}
	g.Add(cell("a", finding.Likely, finding.Confirmed), cell("b", finding.Likely, finding.Likely), cell("c", "", finding.Unexplained))
	if f, b := g.Mark("F2", Recorded), g.Mark("B40", Recorded); f != (Mark{2, 2, 0, finding.Likely}) || b != (Mark{3, 3, 0, finding.Confirmed}) {
		t.Errorf("%+v, %+v", f, b)
	}
	loss := cell("a", finding.Likely, finding.Suspected)
	loss.Column = Loss1
	lie := cell("c", "", finding.Likely, "nobody did")
	lie.Column = Loss3
	g.Add(loss, lie)
	page := g.Markdown()
	for _, want := range []string{"| F2 | 3 | likely | **0 of 1** | **FALSE 1 of 1** |", "| B40 | 3 | confirmed | **0 of 1** | **FALSE 1 of 1** |",
		"- loss 1 %, a/client.pcapng: missed\n", "- loss 3 %, c/client.pcapng: nobody did\n", "| F24 | pcaps/lab/local: TestRefused, live |"} {
		if strings.Count(page, want) != 1 {
			t.Errorf("not once: %s\n%s", want, page)
		}
	}
	if missing := g.Missing(); len(missing) != 25+44-3 || slices.Contains(missing, "F2") || slices.Contains(missing, "F24") {
		t.Errorf("%v", missing)
	}
}

func TestPlayedCellsAreReadAsTheyAreWritten(t *testing.T) {
	l := &Log{Seed: 7, Cells: []Cell{{Lines: []string{"F2"}, Case: "race", File: clientFile, Column: Loss1, Demand: finding.Likely}}, Starved: []Starved{{Case: "b"}, {Case: "a"}}}
	text, err := l.YAML()
	if err != nil || l.Starved[0].Case != "a" {
		t.Fatal(err)
	}
	again, err := read(text)
	if err != nil || again.Seed != 7 || len(again.Cells) != 1 || again.Cells[0].Demand != finding.Likely {
		t.Errorf("%v: %+v", err, again)
	}
	if again.Forget(func(name string) bool { return name != "b" }); len(again.Cells) != 0 || len(again.Starved) != 1 {
		t.Errorf("%+v", again)
	}
	if _, err := read([]byte("sead: 1\n")); err == nil {
		t.Error("a field nobody reads was accepted")
	}
}

// TestWhatIsKeptIsOfTheMatrix: also when lines and columns change. Nothing false is
// said of it.
func TestWhatIsKeptIsOfTheMatrix(t *testing.T) {
	l, err := Played()
	if err != nil || len(l.Cells) == 0 {
		t.Fatalf("%d cells: %v", len(l.Cells), err)
	}
	for _, c := range l.Cells {
		if at, ok := column(c.Column); !ok || !columns[at].Played || !OnLine(c.Lines) {
			t.Errorf("%s of %v in column %q", c.Case, c.Lines, c.Column)
		}
		if len(c.Wrong) > 0 {
			t.Errorf("%s, %s: %v", c.Column, c.Case, c.Wrong)
		}
	}
}
