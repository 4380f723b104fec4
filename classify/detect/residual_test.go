package detect

import (
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestResidual(t *testing.T) {
	trigger, syn, neutral := attempt(dropServer, "web.whatsapp.com", chromeJA4), attempt(dropServer, "", ""), attempt(dropServer, "www.example.com", chromeJA4)
	likely := suddenReset
	likely.Verdict = string(finding.Likely)
	suspected := suddenReset
	suspected.Verdict = string(finding.Suspected)
	second := attempt("157.240.205.99", "", "")
	for _, c := range []struct {
		name     string
		tries    *tries
		dead     int // attempts lifted
		sure     bool
		least, m string // the window
	}{
		{"F23: reset, dead for a minute, alive at 90 s", newTries().lostAs(trigger, suddenReset, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 90, 95), 2, false, "60.0 s", "90.0 s"},
		{"a likely reset does", newTries().lostAs(trigger, likely, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 90), 2, false, "60.0 s", "90.0 s"},
		{"twice, with enough beside it", newTries().lostAs(trigger, suddenReset, 0, 120).lostAs(syn, noAnswer, 5, 30, 60, 125, 150).won(neutral, 90, 95, 210, 215), 5, true, "60.0 s", "90.0 s"},
		{"hellos of another name die", newTries().lostAs(trigger, suddenReset, 0).lost(neutral, 5, 60).won(neutral, 90), 2, false, "60.0 s", "90.0 s"},
		{"one attempt is no window", newTries().lostAs(trigger, suddenReset, 0).lostAs(syn, noAnswer, 5).won(neutral, 90), 0, false, "", ""},
		{"never alive again", newTries().lostAs(trigger, suddenReset, 0).lostAs(syn, noAnswer, 5, 60), 0, false, "", ""},
		{"alive in between", newTries().lostAs(trigger, suddenReset, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 3, 90), 0, false, "", ""},
		{"a suspected reset is no trigger: the server may have banned the client", newTries().lostAs(trigger, suspected, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 90), 0, false, "", ""},
		{"an unexplained one neither", newTries().lostAs(trigger, plainReset, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 90), 0, false, "", ""},
		{"another address is not concerned", newTries().lostAs(trigger, suddenReset, 0).lostAs(second, noAnswer, 5, 60).won(neutral, 90), 0, false, "", ""},
		{"too long", newTries().lostAs(trigger, suddenReset, 0).lostAs(syn, noAnswer, 5, 60).won(neutral, 490), 0, false, "", ""},
		{"dead before the trigger is not after it", newTries().lostAs(syn, noAnswer, -60, -30).lostAs(trigger, suddenReset, 0).won(neutral, 90), 0, false, "", ""},
		{"the same name again is a trigger again, no window", newTries().lostAs(trigger, suddenReset, 0, 5, 60).won(neutral, 90), 0, false, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			lifts := Residual{}.Judge(c.tries.World).Lifts
			dead := 0
			for _, l := range lifts {
				if l.To == "" {
					continue // the trigger's
				}
				dead++
				if l.To != finding.Likely || l.Evidence.Class != finding.S || l.Evidence.Family != finding.Trigger || (l.Trigger != nil) != c.sure ||
					strings.Contains(l.Summary, "triggered by") != c.sure || len(l.Controls) == 0 || len(l.Rests) == 0 {
					t.Errorf("%+v", l)
				}
			}
			if dead != c.dead {
				t.Fatalf("%d lifted, want %d: %+v", dead, c.dead, lifts)
			}
			if c.dead > 0 && !strings.Contains(lifts[0].Summary, c.least+" to "+c.m) {
				t.Errorf("%q", lifts[0].Summary)
			}
		})
	}
}

func TestResidualTellsTheTrigger(t *testing.T) {
	w := newTries().lostAs(attempt(dropServer, "web.whatsapp.com", chromeJA4), suddenReset, 0).
		lostAs(attempt(dropServer, "", ""), noAnswer, 5, 60).won(attempt(dropServer, "www.example.com", chromeJA4), 90)
	lifts := Residual{}.Judge(w.World).Lifts
	last := lifts[len(lifts)-1]
	if want := "f" + fact.FlowID(1).String(); last.Finding != want || last.Summary != "then that port was dead for at least 60.0 s, and alive after 90.0 s" {
		t.Errorf("%+v", last)
	}
}
