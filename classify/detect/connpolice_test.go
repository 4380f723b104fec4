package detect

import (
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// every lists n times, a step of s apart from a start.
func every(from, step float64, n int) []float64 {
	var out []float64
	for i := range n {
		out = append(out, from+step*float64(i))
	}
	return out
}

func TestConnPolice(t *testing.T) {
	k := attempt(dropServer, "mmg.whatsapp.net", chromeJA4)
	next := attempt("157.240.205.99", "web.whatsapp.com", chromeJA4)
	carrier := k
	carrier.Client = mustAddr("100.64.3.17")
	once := func(k fact.Try, at float64) *tries {
		return newTries().won(k, every(at, 0.2, 12)...).lost(k, every(at+2.4, 0.2, 2)...).won(k, at+70)
	}
	twice := func(k fact.Try) *tries {
		return once(k, 0).won(k, every(120, 0.2, 12)...).lost(k, every(122.4, 0.2, 2)...).won(k, 190)
	}
	for _, c := range []struct {
		name  string
		tries *tries
		n     int
		to    finding.Verdict
		class finding.Class
	}{
		{"F22: twelve pass, two die, alive after 70 s", once(k, 0), 2, "", finding.M},
		{"F22: twice", twice(k), 4, finding.Likely, finding.S},
		{"B33: twice, behind a carrier's NAT", twice(carrier), 4, "", finding.M},
		{"over two hosts of the network", newTries().won(k, every(0, 0.2, 6)...).won(next, every(0.1, 0.2, 6)...).lost(next, 2.4, 2.6).won(k, 70), 2, "", finding.M},
		{"seven before are too few", newTries().won(k, every(0, 0.2, 7)...).lost(k, 2.4, 2.6).won(k, 70), 0, "", ""},
		{"too long ago", newTries().won(k, every(0, 0.2, 12)...).lost(k, 20, 21).won(k, 90), 0, "", ""},
		{"alive too soon: an ordinary loss", newTries().won(k, every(0, 0.2, 12)...).lost(k, 2.4, 2.6).won(k, 5), 0, "", ""},
		{"dead for long", newTries().won(k, every(0, 0.2, 12)...).lost(k, 2.4, 2.6).won(k, 200), 0, "", ""},
		{"never alive again", newTries().won(k, every(0, 0.2, 12)...).lost(k, 2.4, 2.6), 0, "", ""},
		{"another died without many before it", once(k, 100).lost(k, 300).won(k, 370), 0, "", ""},
		{"a server that limits rates resets", newTries().won(k, every(0, 0.2, 12)...).lostAs(k, plainReset, 2.4, 2.6).won(k, 70), 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			lifts := ConnPolice{}.Judge(c.tries.World).Lifts
			if len(lifts) != c.n {
				t.Fatalf("%d lifts, want %d: %+v", len(lifts), c.n, lifts)
			}
			for _, l := range lifts {
				if l.To != c.to || l.Evidence.Class != c.class || l.Evidence.Family != finding.Trigger || l.Trigger == nil || l.Trigger.By != "volume" || len(l.Evidence.Packets) != 3 {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}
