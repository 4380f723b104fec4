package answer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func placed(f *fact.Flow, place string) *fact.Flow {
	f.Label.Place = place
	return f
}

func TestPlacesAreToldWhenTheyDiffer(t *testing.T) {
	dc2, dc4 := placed(tcpFlow(1, tg, "any"), "dc2"), placed(mute(2, tg, "any"), "dc4")
	held := placed(tcpFlow(3, tg, "media"), "dc4")
	chat := placed(tcpFlow(4, tg, "chat"), "dc2")
	bps := 141e3
	policed := tgFinding(finding.RatePoliced, "media", held)
	policed.RateBps = &bps
	many := []*fact.Flow{chat}
	for i, dc := range []string{"dc1", "dc3", "dc5", "dc10"} {
		many = append(many, placed(tcpFlow(10+i, tg, "chat"), dc))
	}
	checkTold(t, tg, []toldCase{
		{"one is blocked", []*fact.Flow{dc2, dc4}, F{tgFinding(finding.DropHello, "any", dc4)}, Degraded, "partly",
			"Telegram: 1 of 2 connections: TCP opens in 41 ms, then the first payload gets no answer; dc2 works, dc4 is blocked"},
		{"one is held", []*fact.Flow{chat, held}, F{policed}, Throttled, "partly",
			"Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a policer; chat unaffected; dc2 works, dc4 is throttled"},
		{"all alike", []*fact.Flow{chat, placed(tcpFlow(5, tg, "chat"), "dc4")}, nil, OK, "yes", "Telegram: chat works"},
		{"one place only", []*fact.Flow{chat}, nil, OK, "yes", "Telegram: chat works"},
		{"of many the troubled one comes first", append(many, held), F{policed}, Throttled, "partly",
			"Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a policer; chat unaffected; dc4 is throttled, dc1 and dc2 work and 3 more"},
	})
}

func TestPlacesOfAnAnswer(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	b.Flow(tcpFlow(1, tg, "chat"))
	if s := one(b, tg); s.Places != nil {
		t.Errorf("no place was seen: %v", s.Places)
	}
	open := placed(mute(2, tg, "chat"), "dc5")
	open.Hello.Count, open.End = 0, fact.EndOfCapture
	b.Flow(open)
	b.Flow(placed(tcpFlow(3, tg, "chat"), "dc2"))
	q := placed(query(4, tg, "web", "dc1.example.org", 0), "dc1")
	b.Flow(q)
	s := one(b, tg)
	if len(s.Places) != 2 || s.Places["dc2"] != "ok" || s.Places["dc5"] != "inconclusive" {
		t.Errorf("got %v", s.Places)
	}
	if strings.Contains(s.Sentence, "dc") {
		t.Errorf("what cannot be told is told as a difference: %q", s.Sentence)
	}
}

func TestAPlaceIsNotAccusedByAWayThatClientsHaveNot(t *testing.T) {
	v6 := placed(unanswered(1, tg, "chat"), "dc4")
	v6.Key = key("2001:db8::1", "2001:db8:1::2", 6, 443)
	b := newBuilder(fakeRules{}, nil)
	b.Flow(v6)
	if s := one(b, tg); s.Places["dc4"] != "failing" {
		t.Errorf("alone: %v", s.Places)
	}
	b.Flow(placed(tcpFlow(2, tg, "chat"), "dc2"))
	if s := one(b, tg); s.Places["dc4"] != "inconclusive" || s.Places["dc2"] != "ok" {
		t.Errorf("beside one that works over IPv4: %v", s.Places)
	}
}

func TestPlacesStayBounded(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	for i := range maxPlaces + 50 {
		b.Flow(placed(tcpFlow(i+1, tg, "chat"), fmt.Sprintf("dc%d", i)))
	}
	if s := one(b, tg); len(s.Places) != maxPlaces || s.Attempts.Tried != maxPlaces+50 {
		t.Errorf("%d places of %d attempts", len(s.Places), s.Attempts.Tried)
	}
}

func TestOrderOfPlaces(t *testing.T) {
	s := Service{Places: map[string]string{"dc10": "ok", "dc2": "ok", "dc203": "ok", "eu": "ok", "": "ok"}}
	if got, want := PlaceOrder(&s), []string{"", "dc2", "dc10", "dc203", "eu"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestPlacesAreJudgedLikeFunctions: where every flow's place is called as its
// function, both say the same.
func TestPlacesAreJudgedLikeFunctions(t *testing.T) {
	compared := map[string]int{}
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		s.findings = slices.DeleteFunc(s.findings, func(f *finding.Finding) bool { return len(f.Flows) == 0 })
		for _, f := range s.flows {
			f.Label.Place = normal(f.Label.Function)
		}
		for _, f := range s.findings {
			f.Function = ""
		}
		for _, a := range s.tell().Services(&fact.World{}) {
			for place, st := range a.Places {
				if place == FunctionAny {
					continue
				}
				compared[st]++
				if a.Functions[place] != st {
					t.Errorf("function %s, place %s: %s", a.Functions[place], st, a.Sentence)
				}
			}
		}
	})
	for _, st := range []Status{OK, Blocked, Throttled, Degraded, Failing} {
		if compared[string(st)] == 0 {
			t.Errorf("no place was ever %s", st)
		}
	}
}
