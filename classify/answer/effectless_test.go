package answer

import (
	"net/netip"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func survived(f *finding.Finding) *finding.Finding {
	f.Survived = true
	return f
}

func benignBy(id, cause, service, function string, flows ...*fact.Flow) *finding.Finding {
	f := about(id, finding.ResetSeen, finding.Benign, service, function, flows...)
	f.BenignCause = cause
	return f
}

func TestWhatSurvivedIsNotBroken(t *testing.T) {
	answered := query(23, wa, "chat", "web.whatsapp.com", 0)
	checkStatus(t, []statusCase{
		{"a forged reset that was refused", []*fact.Flow{good, good2}, F{survived(likely(finding.ResetInjected, "chat", good))}, OK, "yes", CauseNone, "ok"},
		{"the same, not refused", []*fact.Flow{good, good2}, F{likely(finding.ResetInjected, "chat", good)}, Blocked, "partly", CauseInterference, "blocked"},
		{"a forged answer beside the right one that was used", []*fact.Flow{answered, good}, F{survived(likely(finding.DNSForged, "chat", answered))}, OK, "yes", CauseNone, "ok"},
	})
	b := newBuilder(fakeRules{}, nil)
	b.Finding(survived(likely(finding.ResetInjected, "chat", good)))
	b.Flow(good)
	if s := one(b, wa); !strings.Contains(s.Sentence, "interference with 1 connection had no effect") || len(s.Findings) != 1 {
		t.Errorf("it is not told: %q %v", s.Sentence, s.Findings)
	}
}

func TestAScannerIsNoAttempt(t *testing.T) {
	scanned := func(id int) *fact.Flow {
		f := unanswered(id, wa, "")
		f.ResetCount[fact.Down] = 1
		return f
	}
	b := newBuilder(fakeRules{}, nil)
	b.Flow(good)
	for id := 30; id < 40; id++ {
		f := scanned(id)
		b.Flow(f)
		b.Finding(benignBy("f"+f.ID.String(), "scanner", wa, "", f))
	}
	if s := one(b, wa); s.Status != OK || s.Works != WorksYes || s.Attempts != (Attempts{1, 0}) {
		t.Errorf("got %s %s %+v", s.Status, s.Works, s.Attempts)
	}
	back := benignBy("f"+scanned(30).ID.String(), "", wa, "", scanned(30))
	back.Rev, back.Verdict = 1, finding.Unexplained
	b.Finding(back)
	if s := one(b, wa); s.Attempts != (Attempts{2, 1}) {
		t.Errorf("one is none of a scanner's after all: %+v", s.Attempts)
	}
}

func TestARefusedPortIsAWayAround(t *testing.T) {
	refusal := func(id int) *fact.Flow {
		f := unanswered(id, wa, "media")
		f.ResetCount[fact.Down], f.Sides[fact.Up].SYNCount = 1, 1
		return f
	}
	checkStatus(t, []statusCase{
		{"beside ports that work", []*fact.Flow{good, good2, refusal(30), refusal(31), refusal(32)}, nil, OK, "yes", CauseNone, "ok"},
		{"alone", []*fact.Flow{refusal(30), refusal(31)}, nil, Failing, "no", CauseUnknown, "unseen"},
	})
}

func TestNamesWithoutConnections(t *testing.T) {
	no := func(id int, name string) *fact.Flow { return query(id, wa, "chat", name, 5) }
	yes := func(id int, name string) *fact.Flow { return query(id, wa, "chat", name, 0) }
	const a, b = "web.whatsapp.com", "b.whatsapp.com"
	checkStatus(t, []statusCase{
		{"denied here, answered there, and nobody tried", []*fact.Flow{no(1, a), yes(2, a)}, nil, Failing, "partly", CauseUnknown, "failing"},
		{"the same, and the denial was no honest one", []*fact.Flow{no(1, a), yes(2, a)},
			F{likely(finding.DNSDenied, "chat", no(1, a))}, Blocked, "no", CauseInterference, "blocked"},
		{"never answered, as is suspected", []*fact.Flow{yes(1, a)}, F{about("f1", finding.DNSUnanswered, finding.Suspected, wa, "chat", yes(1, a))}, Failing, "no", CauseUnknown, "failing"},
		{"one of three names", []*fact.Flow{no(1, a), yes(2, b), yes(3, "c.whatsapp.com")}, nil, OK, "partly", CauseUnknown, "ok"},
		{"answered, and nobody tried", []*fact.Flow{yes(1, a)}, nil, Unseen, "unseen", CauseNone, "unseen"},
		{"denied here, and it works all the same", []*fact.Flow{no(1, a), yes(2, a), good}, nil, OK, "yes", CauseNone, "ok"},
	})
}

func TestCaptivePortal(t *testing.T) {
	gate := netip.MustParseAddr("192.0.2.1")
	w := &fact.World{Names: map[string]*fact.NameFact{
		"web.whatsapp.com": {Answers: []fact.NameAnswer{{Addrs: []netip.Addr{gate}}}},
		"other.example":    {Answers: []fact.NameAnswer{{Addrs: []netip.Addr{gate}}}},
	}}
	told := func(server string) Service {
		b := newBuilder(fakeRules{}, nil)
		f := tcpFlow(1, wa, "chat")
		f.Key = key("192.168.1.23", server, 6, 443)
		b.Flow(f)
		q := query(2, wa, "chat", "web.whatsapp.com", 0)
		b.Flow(q)
		b.Finding(benignBy("f1", "captive_portal", wa, "chat", q))
		for _, s := range b.Services(w) {
			if s.Service == wa {
				return s
			}
		}
		return Service{}
	}
	if s := told("192.0.2.1"); s.Status != Failing || s.Works != WorksNo || s.Cause != CauseOwnPolicy || s.Functions["chat"] != "failing" {
		t.Errorf("B30: %s %s %s %v %q", s.Status, s.Works, s.Cause, s.Functions, s.Sentence)
	}
	if s := told("157.240.1.60"); s.Status != OK {
		t.Errorf("after the login it works: %s %q", s.Status, s.Sentence)
	}
}

func TestWhereIsWhereAllSay(t *testing.T) {
	at := func(id string, segment finding.Segment, lo, hi int) *finding.Finding {
		f := about(id, finding.ResetInjected, finding.Confirmed, wa, "chat", bad)
		f.Segment = segment
		if hi > 0 {
			f.Hops = &finding.Hops{Injector: &[2]int{lo, hi}}
		}
		return f
	}
	for _, tt := range []struct {
		name string
		says F
		want string
	}{
		{"one", F{at("f1", finding.ServerSide, 3, 5)}, "between the tap and the server, 3-5 hops from the tap"},
		{"two that agree", F{at("f1", finding.ServerSide, 3, 5), at("f2", finding.ServerSide, 4, 6)}, "between the tap and the server, 4-5 hops from the tap"},
		{"two that do not", F{at("f1", finding.ServerSide, 3, 5), at("f2", finding.ClientSide, 3, 5)}, ""},
		{"one that cannot tell", F{at("f1", finding.UnknownSegment, 0, 0), at("f2", finding.ClientSide, 0, 0)}, "between the tap and the client"},
		{"nobody can", F{at("f1", finding.UnknownSegment, 0, 0)}, ""},
	} {
		b := newBuilder(fakeRules{}, nil)
		b.Flow(bad)
		for _, f := range tt.says {
			b.Finding(f)
		}
		s := one(b, wa)
		if tt.want == "" && strings.Contains(s.Sentence, "tap") || !strings.HasSuffix(s.Sentence, tt.want) {
			t.Errorf("%s: %q", tt.name, s.Sentence)
		}
	}
}
