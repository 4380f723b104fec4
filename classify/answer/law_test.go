package answer

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// story is a made run.
type story struct {
	flows    []*fact.Flow
	findings []*finding.Finding
}

func randomStory(r *rand.Rand) story {
	var s story
	services := []string{"whatsapp", "telegram", "instagram"}
	functions := []string{"chat", "media", "any", "", "call", "telemetry", "update"}
	for i := range r.IntN(12) {
		svc, fn := services[r.IntN(3)], functions[r.IntN(len(functions))]
		make := []func() *fact.Flow{
			func() *fact.Flow { return tcpFlow(i+1, svc, fn) },
			func() *fact.Flow { return mute(i+1, svc, fn) },
			func() *fact.Flow { return unanswered(i+1, svc, fn) },
			func() *fact.Flow { return query(i+1, svc, fn, "web.whatsapp.com", uint8(r.IntN(6))) },
		}
		f := make[r.IntN(len(make))]()
		f.Label.Place = []string{"", "dc1", "dc2", "dc10", "dc4", "dc5"}[r.IntN(6)]
		s.flows = append(s.flows, f)
	}
	for i := range r.IntN(5) {
		f := about(fmt.Sprintf("f%d", i+1), finding.Kinds[r.IntN(len(finding.Kinds))], finding.Verdicts[r.IntN(5)], services[r.IntN(3)], functions[r.IntN(len(functions))])
		if len(s.flows) > 0 && r.IntN(4) > 0 {
			fl := s.flows[r.IntN(len(s.flows))]
			f = about(f.ID, f.Kind, f.Verdict, fl.Label.Service, fl.Label.Function, fl)
		}
		s.findings = append(s.findings, f)
	}
	return s
}

func (s story) tell(extra ...*finding.Finding) *Builder {
	b := newBuilder(fakeRules{}, []string{"whatsapp", "telegram"})
	for _, f := range s.findings {
		b.Finding(f)
	}
	for _, f := range s.flows {
		b.Flow(f)
	}
	for _, f := range extra {
		b.Finding(f)
	}
	return b
}

// laws runs check over many stories; the seed is fixed and named on failure.
func laws(t *testing.T, check func(t *testing.T, r *rand.Rand, s story)) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		check(t, r, randomStory(r))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestBlockedNeverWorks(t *testing.T) {
	seen := map[Status]int{}
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		for _, a := range s.tell().Services(&fact.World{}) {
			seen[a.Status]++
			switch {
			case a.Status == Blocked && (a.Works == WorksYes || a.Works == WorksUnseen),
				a.Status == OK && a.Works == WorksNo,
				a.Status == Unseen && a.Works != WorksUnseen,
				a.Status == Failing && a.Works == WorksYes:
				t.Errorf("%s works %s: %s", a.Status, a.Works, a.Sentence)
			case (a.Status == Blocked || a.Status == Throttled || a.Status == Degraded) && len(a.How) == 0:
				t.Errorf("%s by nothing: %s", a.Status, a.Sentence)
			case a.Status == Failing && a.Cause == CauseUnknown && len(a.Fits) == 0:
				t.Errorf("failing and nothing fits: %s", a.Sentence)
			case a.Status == Degraded && (a.Cause == CauseUnknown) != slices.ContainsFunc(a.CannotTell, func(r finding.Reason) bool { return r.Code == "path_or_callee" }),
				a.Status == Degraded && a.Cause == CauseUnknown && !strings.Contains(a.Sentence, "the cause is not shown"):
				t.Errorf("degraded by %s, cannot tell %v: %s", a.Cause, a.CannotTell, a.Sentence)
			case a.Attempts.Failed > a.Attempts.Tried || a.Names.Failed > a.Names.Tried || a.Clients.Affected > a.Clients.Tried:
				t.Errorf("counts %+v %+v %+v", a.Attempts, a.Names, a.Clients)
			}
		}
	})
	for _, s := range []Status{OK, Blocked, Throttled, Degraded, Failing, Unseen} {
		if seen[s] == 0 {
			t.Errorf("the stories never lead to %s", s)
		}
	}
}

func TestBenignAndWithdrawnNeverRaise(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		before := s.tell().Services(&fact.World{})
		var extra []*finding.Finding
		for i, k := range finding.Kinds {
			v := []finding.Verdict{finding.Benign, finding.Withdrawn}[r.IntN(2)]
			f := about(fmt.Sprintf("f%d", 100+i), k, v, "whatsapp", "chat", s.flows...)
			f.Service = "whatsapp"
			extra = append(extra, f)
		}
		after := s.tell(extra...).Services(&fact.World{})
		if !reflect.DeepEqual(before, after) {
			t.Errorf("changed:\n%+v\n%+v", before, after)
		}
	})
}

func TestRetractingAFindingUndoesIt(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		if len(s.findings) == 0 {
			return
		}
		last := s.findings[len(s.findings)-1]
		without := s
		without.findings = s.findings[:len(s.findings)-1]
		taken := *last
		taken.Rev, taken.Verdict = last.Rev+1, finding.Withdrawn
		a, b := without.tell().Services(&fact.World{}), s.tell(&taken).Services(&fact.World{})
		// A service that only the retracted finding named is gone with it.
		if !reflect.DeepEqual(a, b) {
			t.Errorf("changed:\n%+v\n%+v", a, b)
		}
	})
}

func TestAControlNeverTurnsOkIntoBlocked(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		before := s.tell().Services(&fact.World{})
		b := s.tell()
		for i := range 5 {
			b.Other(Brief{Name: fmt.Sprintf("host%d.example.net", i), Worked: true})
		}
		after := b.Services(&fact.World{})
		for i := range before {
			if before[i].Status != after[i].Status || before[i].Works != after[i].Works {
				t.Errorf("%s became %s", before[i].Status, after[i].Status)
			}
		}
	})
}

func TestOrderOfFlowsAndFindingsDoesNotMatter(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		late := newBuilder(fakeRules{}, []string{"whatsapp", "telegram"})
		for _, f := range s.flows {
			late.Flow(f)
		}
		for _, f := range s.findings {
			late.Finding(f)
		}
		if a, b := s.tell().Services(&fact.World{}), late.Services(&fact.World{}); !reflect.DeepEqual(a, b) {
			t.Errorf("changed:\n%+v\n%+v", a, b)
		}
	})
}

func TestASuspicionNeverAccuses(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		for _, f := range s.findings {
			f.Verdict = finding.Suspected
		}
		for _, a := range s.tell().Services(&fact.World{}) {
			if a.Status == Blocked || a.Status == Throttled || a.Status == Degraded {
				t.Errorf("%s: %s", a.Status, a.Sentence)
			}
		}
	})
}
