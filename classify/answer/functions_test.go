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
	"chokepoint/classify/service"
)

const tg = "telegram"

// told is a run of one service, its answer and its sentence.
type toldCase struct {
	name     string
	flows    []*fact.Flow
	findings F
	status   Status
	works    string
	sentence string
}

func checkTold(t *testing.T, id string, tests []toldCase) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBuilder(fakeRules{}, []string{id})
			for i, f := range tt.findings {
				f.ID = fmt.Sprintf("f%d", i+1)
				b.Finding(f)
			}
			for _, f := range tt.flows {
				b.Flow(f)
			}
			s := one(b, id)
			if s.Status != tt.status || s.Works != tt.works || s.Sentence != tt.sentence {
				t.Errorf("got  %s %s %q\nwant %s %s %q", s.Status, s.Works, s.Sentence, tt.status, tt.works, tt.sentence)
			}
		})
	}
}

func tgFinding(k finding.Kind, fn string, flows ...*fact.Flow) *finding.Finding {
	return about("", k, finding.Likely, tg, fn, flows...)
}

func TestEveryFunctionIsTold(t *testing.T) {
	chat, media, web := tcpFlow(1, tg, "chat"), tcpFlow(2, tg, "media"), tcpFlow(3, tg, "web")
	call, setup, any := mute(4, tg, "call"), tcpFlow(5, tg, "call_signalling"), tcpFlow(6, tg, "any")
	bps := 141e3
	held := tgFinding(finding.RatePoliced, "media", media)
	held.RateBps = &bps
	cut := tgFinding(finding.DropCall, "call", call)
	checkTold(t, tg, []toldCase{
		{"as an engineer would say it", []*fact.Flow{chat, media, call}, F{held, cut}, Blocked, "partly",
			"Telegram: chat works, media is throttled, calls are blocked; media from 203.0.113.0/24 held to 141 kbit/s by a policer; calls: relays do not answer or media is cut"},
		{"one function held", []*fact.Flow{web, chat, media}, F{held}, Throttled, "partly",
			"Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a policer; chat, web unaffected"},
		{"all that works", []*fact.Flow{web, media, chat, setup}, nil, OK, "yes", "Telegram: chat, media, call setup, web work"},
		{"what has no name", []*fact.Flow{any}, nil, OK, "yes", "Telegram: works"},
		{"what has no name beside media", []*fact.Flow{any, media}, nil, OK, "yes", "Telegram: media, other traffic work"},
		{"one held beside what has no name", []*fact.Flow{any, media}, F{held}, Throttled, "partly",
			"Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a policer; other traffic unaffected"},
		{"calls alone", []*fact.Flow{tcpFlow(4, tg, "call")}, nil, OK, "yes", "Telegram: calls work"},
		{"blocked beside what has no name", []*fact.Flow{any, mute(7, tg, "web")}, F{tgFinding(finding.DropHello, "web", mute(7, tg, "web"))},
			Blocked, "partly", "Telegram: web is blocked, other traffic works; 1 of 2 connections: TCP opens in 41 ms, then the first payload gets no answer"},
		{"two blocked alike", []*fact.Flow{mute(7, tg, "web"), mute(8, tg, "chat")},
			F{tgFinding(finding.DropHello, "", mute(7, tg, "web"), mute(8, tg, "chat"))}, Blocked, "no",
			"Telegram: chat and web are blocked; 2 of 2 connections: TCP opens in 41 ms, then the first payload gets no answer"},
		{"one fails, and why is not shown", []*fact.Flow{chat, mute(8, tg, "media")}, nil, Failing, "partly",
			"Telegram works in part only and the cause is not shown: chat works, media does not work; 1 of 2 connections failed (the first payload unanswered)"},
	})
}

func TestMinorFunctionsMakeNoHeadline(t *testing.T) {
	chat, denied := tcpFlow(1, tg, "chat"), query(11, tg, "telemetry", "t.example.org", 5)
	link, update := tcpFlow(2, tg, "link"), tcpFlow(3, tg, "update")
	names := tgFinding(finding.DNSDenied, "telemetry", denied)
	checkTold(t, tg, []toldCase{
		{"telemetry denied beside a chat that works", []*fact.Flow{chat, denied}, F{names}, OK, "yes",
			"Telegram: chat works; telemetry is blocked"},
		{"telemetry dead beside a chat that works", []*fact.Flow{chat, mute(12, tg, "telemetry"), mute(13, tg, "telemetry")}, nil, OK, "yes",
			"Telegram: chat works; telemetry does not work"},
		{"links work beside a chat that does not", []*fact.Flow{mute(14, tg, "chat"), link}, nil, Failing, "no",
			"Telegram does not work and the cause is not shown: 1 of 1 connections failed (the first payload unanswered)"},
		{"nothing else was tried, and it works", []*fact.Flow{link, update}, nil, Unseen, "unseen",
			"Telegram: nothing was tried but link and update, which work"},
		{"nothing else was tried, and it does not", []*fact.Flow{mute(12, tg, "telemetry")}, nil, Inconclusive, "unseen",
			"Telegram: telemetry does not work; 1 of 1 connections failed (the first payload unanswered); nothing else was tried"},
		{"nothing else was tried, and it is interfered with", []*fact.Flow{denied}, F{names}, Degraded, "partly",
			"Telegram: telemetry is blocked; names denied by 8.8.8.8; nothing else was tried"},
	})
}

func TestWhatIsFoundOfMinorFunctionsIsNotHidden(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	f := mute(12, tg, "telemetry")
	b.Flow(tcpFlow(1, tg, "chat"))
	b.Flow(f)
	b.Finding(about("f1", finding.DropHello, finding.Confirmed, tg, "telemetry", f))
	s := one(b, tg)
	if s.Functions["telemetry"] != "blocked" || !slices.Equal(s.Findings, []string{"f1"}) || s.Attempts != (Attempts{2, 1}) {
		t.Errorf("got %v %v %+v", s.Functions, s.Findings, s.Attempts)
	}
	if len(s.How) != 0 || s.Since != nil || s.Cause != CauseNone {
		t.Errorf("how %v since %v cause %s", s.How, s.Since, s.Cause)
	}
}

// pushRules knows a push service, which does nothing else, and one whose only
// function would not count elsewhere.
type pushRules struct{ fakeRules }

func (pushRules) Service(id string) (service.Info, bool) {
	if id == "cdnonly" {
		return service.Info{ID: id, Name: "Content", Functions: []string{"cdn"}}, true
	}
	return service.Info{ID: id, Name: "Push of Example", Category: "push", Functions: []string{"push"}}, true
}

func TestAServiceOfOneFunctionIsItsOwnAnswer(t *testing.T) {
	for id, fn := range map[string]string{"examplepush": "push", "cdnonly": "cdn"} {
		b := newBuilder(pushRules{}, nil)
		f := mute(12, id, fn)
		b.Flow(f)
		b.Finding(about("f1", finding.DropHello, finding.Likely, id, fn, f))
		s := one(b, id)
		if s.Status != Blocked || s.Works != "no" || !strings.Contains(s.Sentence, fn+" is blocked") {
			t.Errorf("got %s %s %q", s.Status, s.Works, s.Sentence)
		}
		if id == "examplepush" && s.Category != "push" {
			t.Errorf("category %q", s.Category)
		}
	}
}

func TestOrderOfFunctions(t *testing.T) {
	s := Service{Functions: map[string]string{}}
	want := []string{"registration", "chat", "media", "call_signalling", "call", "web", "push", "any", "ads", "storage", "update"}
	for _, f := range want {
		s.Functions[f] = "ok"
	}
	if got := FunctionOrder(&s); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// headlineOf is what minor functions may not touch.
func headlineOf(s Service) Service {
	return Service{Status: s.Status, Works: s.Works, Cause: s.Cause, Since: s.Since, How: s.How}
}

func TestMinorFunctionsNeverMoveAHeadline(t *testing.T) {
	compared := 0
	laws(t, func(t *testing.T, r *rand.Rand, s story) {
		minor := func(function string) bool { return !counting[normal(function)] }
		without := story{
			flows:    slices.DeleteFunc(slices.Clone(s.flows), func(f *fact.Flow) bool { return minor(f.Label.Function) }),
			findings: slices.DeleteFunc(slices.Clone(s.findings), func(f *finding.Finding) bool { return minor(f.Function) && f.Kind != finding.PathLoss }),
		}
		with := map[string]Service{}
		for _, a := range s.tell().Services(&fact.World{}) {
			with[a.Service] = a
		}
		for _, a := range without.tell().Services(&fact.World{}) {
			b := with[a.Service]
			if a.Status == Unseen || a.Attempts.Tried == 0 {
				continue
			}
			compared++
			if x, y := headlineOf(a), headlineOf(b); !reflect.DeepEqual(x, y) {
				t.Errorf("%+v became %+v\n%s\n%s", x, y, a.Sentence, b.Sentence)
			}
		}
	})
	if compared < 1000 {
		t.Errorf("only %d answers compared", compared)
	}
}
