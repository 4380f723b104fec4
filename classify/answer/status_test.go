package answer

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const wa = "whatsapp"

var (
	good, good2 = tcpFlow(1, wa, "chat"), tcpFlow(2, wa, "media")
	bad, bad2   = mute(11, wa, "chat"), mute(12, wa, "media")
	denied      = query(21, wa, "chat", "web.whatsapp.com", 3)
	forged      = query(22, wa, "chat", "web.whatsapp.com", 0)
)

func likely(k finding.Kind, fn string, flows ...*fact.Flow) *finding.Finding {
	return about("f1", k, finding.Likely, wa, fn, flows...)
}

type F = []*finding.Finding

// statusCase is a run of one service and its answer.
type statusCase struct {
	name     string
	flows    []*fact.Flow
	findings F
	status   Status
	works    string
	cause    string
	function string // status of chat
}

func checkStatus(t *testing.T, tests []statusCase) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBuilder(fakeRules{}, []string{wa})
			for _, f := range tt.findings {
				b.Finding(f)
			}
			for _, f := range tt.flows {
				b.Flow(f)
			}
			s := one(b, wa)
			if s.Status != tt.status || s.Works != tt.works || s.Cause != tt.cause || s.Functions["chat"] != tt.function {
				t.Errorf("got %s works %s cause %s chat %s,\nwant %s %s %s %s\n%s", s.Status, s.Works, s.Cause, s.Functions["chat"],
					tt.status, tt.works, tt.cause, tt.function, s.Sentence)
			}
			if strings.Contains(strings.ToLower(s.Sentence), "censor") || !strings.HasPrefix(s.Sentence, "WhatsApp") {
				t.Errorf("sentence %q", s.Sentence)
			}
		})
	}
}

func TestStatusOfWhatFails(t *testing.T) {
	checkStatus(t, []statusCase{
		{"nothing seen", nil, nil, Unseen, "unseen", "none", "unseen"},
		{"all answered", []*fact.Flow{good, good2}, nil, OK, "yes", "none", "ok"},
		{"one failing attempt and nothing else", []*fact.Flow{bad}, nil, Failing, "no", "unknown", "failing"},
		{"a suspicion does not make it blocked", []*fact.Flow{bad},
			F{about("f1", finding.DropHello, finding.Suspected, wa, "chat", bad)}, Failing, "no", "unknown", "failing"},
		{"an inconclusive finding does not hide the failure", []*fact.Flow{bad},
			F{about("f1", finding.DropHello, finding.Inconclusive, wa, "chat", bad)}, Failing, "no", "unknown", "failing"},
		{"likely, and nothing of it works", []*fact.Flow{bad}, F{likely(finding.DropHello, "chat", bad)}, Blocked, "no", "interference", "blocked"},
		{"likely, and part of the function works", []*fact.Flow{good, bad}, F{likely(finding.DropHello, "chat", bad)},
			Degraded, "partly", "interference", "degraded"},
		{"one function blocked, another untouched", []*fact.Flow{bad, good2}, F{likely(finding.DropHello, "chat", bad)},
			Blocked, "partly", "interference", "blocked"},
		{"a flow that moved data and was cut did not work", []*fact.Flow{good}, F{likely(finding.DropMidflow, "chat", good)},
			Blocked, "no", "interference", "blocked"},
		{"a suspected cut fails", []*fact.Flow{good},
			F{about("f1", finding.DropMidflow, finding.Suspected, wa, "chat", good)}, Failing, "no", "unknown", "failing"},
		{"a suspected reset after data proves nothing", []*fact.Flow{good},
			F{about("f1", finding.ResetInjected, finding.Suspected, wa, "chat", good)}, OK, "yes", "none", "ok"},
		{"a bad call, and QUIC dropped", []*fact.Flow{good}, F{likely(finding.CallDegraded, "chat", good),
			about("f2", finding.DropQUIC, finding.Likely, wa, "chat", good)}, Degraded, "partly", "interference", "degraded"},
		{"an injected reset", []*fact.Flow{good}, F{likely(finding.ResetInjected, "chat", good)}, Blocked, "no", "interference", "blocked"},
	})
}

// testified is a flow with a reset and what this host's TCP did with it.
func testified(f *fact.Flow, d fact.Dir, say func(*fact.Local)) *fact.Flow {
	f.ResetCount[d] = 1
	f.Local = &fact.Local{}
	say(f.Local)
	return f
}

func TestStatusAsThisHostTells(t *testing.T) {
	once := fact.LocalReset{Count: 1}
	closed := testified(unanswered(34, wa, "chat"), fact.Down, func(l *fact.Local) { l.Sent[fact.Down] = once })
	aborted := testified(mute(35, wa, "chat"), fact.Down, func(l *fact.Local) { l.Sent[fact.Down] = once })
	aborted.Hello.Count = 0
	theirs := testified(unanswered(36, wa, "chat"), fact.Down, func(l *fact.Local) { l.Received[fact.Down] = once })
	checkStatus(t, []statusCase{
		{"a forged reset had no effect, and it was cut later all the same", []*fact.Flow{good}, F{survived(likely(finding.ResetInjected, "chat", good)), about("f2", finding.DropMidflow, finding.Likely, wa, "chat", good)}, Blocked, "no", "interference", "blocked"},
		{"nobody listens here", []*fact.Flow{closed}, nil, Failing, "no", "this_host", "failing"},
		{"a program here breaks off", []*fact.Flow{aborted}, nil, Failing, "no", "this_host", "failing"},
		{"that is not all that fails", []*fact.Flow{closed, bad}, nil, Failing, "no", "unknown", "failing"},
		{"nobody listens there", []*fact.Flow{theirs}, nil, Failing, "no", "unknown", "failing"},
	})
}

func TestStatusOfWhatIsSlow(t *testing.T) {
	checkStatus(t, []statusCase{
		{"a policer", []*fact.Flow{good, good2}, F{likely(finding.RatePoliced, "chat", good)}, Throttled, "partly", "interference", "throttled"},
		{"a suspected policer", []*fact.Flow{good},
			F{about("f1", finding.RatePoliced, finding.Suspected, wa, "chat", good)}, OK, "yes", "none", "ok"},
		{"throttled does not hide that it does not work", []*fact.Flow{bad}, F{likely(finding.RatePoliced, "chat", bad)},
			Failing, "no", "unknown", "failing"},
		{"QUIC dropped while TCP works", []*fact.Flow{good}, F{likely(finding.DropQUIC, "chat", good)}, Degraded, "partly", "interference", "degraded"},
		{"a bad call: it may be the other party's link", []*fact.Flow{good}, F{likely(finding.CallDegraded, "chat", good)}, Degraded, "partly", "unknown", "degraded"},
		{"this host drops it", []*fact.Flow{bad}, F{likely(finding.DropLocal, "chat", bad)}, Failing, "no", "this_host", "failing"},
		{"this host drops some of it", []*fact.Flow{good, bad}, F{likely(finding.DropLocal, "chat", bad)}, Failing, "partly", "this_host", "failing"},
		{"this host drops what nobody misses", []*fact.Flow{good}, F{likely(finding.DropLocal, "chat")}, OK, "partly", "this_host", "ok"},
		{"a flat rate never raises", []*fact.Flow{good}, F{likely(finding.RateLimited, "chat", good)}, OK, "yes", "none", "ok"},
		{"a reset seen never raises", []*fact.Flow{good}, F{likely(finding.ResetSeen, "chat", good)}, OK, "yes", "none", "ok"},
		{"loss for all never raises", []*fact.Flow{good}, F{likely(finding.PathLoss, "chat", good)}, OK, "yes", "path", "ok"},
		{"loss for all explains what fails", []*fact.Flow{bad}, F{likely(finding.PathLoss, "chat", bad)}, Failing, "no", "path", "failing"},
	})
}

func TestStatusOfNamesAndTheRest(t *testing.T) {
	checkStatus(t, []statusCase{
		{"names denied, nothing tried", []*fact.Flow{denied}, nil, Failing, "no", "unknown", "failing"},
		{"names denied, with a finding", []*fact.Flow{denied}, F{likely(finding.DNSDenied, "chat", denied)}, Blocked, "no", "interference", "blocked"},
		{"names forged", []*fact.Flow{forged}, F{likely(finding.DNSForged, "chat", forged)}, Blocked, "no", "interference", "blocked"},
		{"names denied, connections work all the same", []*fact.Flow{denied, good}, F{likely(finding.DNSDenied, "chat", denied)},
			Degraded, "partly", "interference", "degraded"},
		{"names answered and nothing tried", []*fact.Flow{forged}, nil, Unseen, "unseen", "none", "unseen"},
		{"both functions dead", []*fact.Flow{bad, bad2}, F{likely(finding.DropHello, "chat", bad), about("f2", finding.DropHello, finding.Likely, wa, "media", bad2)},
			Blocked, "no", "interference", "blocked"},
		{"a withdrawn finding", []*fact.Flow{good}, F{about("f1", finding.DropMidflow, finding.Withdrawn, wa, "chat", good)}, OK, "yes", "none", "ok"},
		{"an allow-list explains what does not work", []*fact.Flow{bad}, F{about("f1", finding.HostAllowlist, finding.Likely, "", "")},
			Blocked, "no", "interference", "blocked"},
		{"an allow-list does not accuse what works", []*fact.Flow{good}, F{about("f1", finding.HostAllowlist, finding.Likely, "", "")},
			OK, "yes", "none", "ok"},
		{"a finding alone says that it does not work", nil, F{likely(finding.DropConnect, "chat")}, Blocked, "no", "interference", "blocked"},
		{"a finding of no function falls to its flows'", []*fact.Flow{bad, good2}, F{likely(finding.DropHello, "", bad)},
			Blocked, "partly", "interference", "blocked"},
	})
}

func TestFailuresWithAWayAround(t *testing.T) {
	v6 := func(id int) *fact.Flow {
		f := unanswered(id, "whatsapp", "chat")
		f.Key = key("2001:db8::1", "2001:db8:1::2", 6, 443)
		return f
	}
	t.Run("dead IPv6 beside working IPv4 is no failure", func(t *testing.T) {
		b := newBuilder(fakeRules{}, nil)
		b.Flow(v6(1))
		b.Flow(v6(2))
		b.Flow(tcpFlow(3, "whatsapp", "chat"))
		if s := one(b, "whatsapp"); s.Status != OK || s.Works != "yes" || s.Attempts != (Attempts{3, 2}) {
			t.Errorf("got %s %s %+v", s.Status, s.Works, s.Attempts)
		}
	})
	t.Run("dead IPv6 alone is one", func(t *testing.T) {
		b := newBuilder(fakeRules{}, nil)
		b.Flow(v6(1))
		if s := one(b, "whatsapp"); s.Status != Failing {
			t.Errorf("got %s", s.Status)
		}
	})
}

func TestEverydayFailures(t *testing.T) {
	build := func(good, bad int) Service {
		b := newBuilder(fakeRules{}, nil)
		for i := range good {
			b.Flow(tcpFlow(1+i, "whatsapp", "chat"))
		}
		for i := range bad {
			b.Flow(mute(100+i, "whatsapp", "chat"))
		}
		return one(b, "whatsapp")
	}
	tests := []struct {
		name      string
		good, bad int
		status    Status
		works     string
	}{
		{"one in ten is everyday life", 9, 1, OK, "yes"},
		{"one in two is not told as yes", 1, 1, OK, "partly"},
		{"most of them is failing", 2, 3, Failing, "partly"},
		{"a third is partly", 6, 3, OK, "partly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if s := build(tt.good, tt.bad); s.Status != tt.status || s.Works != tt.works {
				t.Errorf("got %s %s, want %s %s", s.Status, s.Works, tt.status, tt.works)
			}
		})
	}
}

func TestFitsAndNext(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	b.Flow(mute(1, "whatsapp", "chat"))
	s := one(b, "whatsapp")
	want := []string{"hello dropped", "answer dropped", "server dead", "WhatsApp down for everyone", "first hop bad"}
	if !slices.Equal(s.Fits, want) {
		t.Errorf("fits %q, want %q", s.Fits, want)
	}
	if s.Controls != 0 || len(s.CannotTell) == 0 || s.CannotTell[0].Code != "no_control" {
		t.Errorf("controls %d, cannot tell %v", s.Controls, s.CannotTell)
	}
	b.Other(Brief{Name: "www.example.org", Worked: true, OpensNs: 40e6, PeakBps: 30e6})
	s = one(b, "whatsapp")
	if slices.Contains(s.Fits, "first hop bad") || s.Controls != 1 {
		t.Errorf("with a control: fits %q, controls %d", s.Fits, s.Controls)
	}
	if s.Status != Failing {
		t.Errorf("status %s", s.Status)
	}
}

func TestOwnPolicy(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	q := query(1, "whatsapp", "chat", "web.whatsapp.com", 3)
	b.Flow(q)
	f := about("f1", finding.DNSDenied, finding.Benign, "whatsapp", "chat", q)
	f.BenignCause = "ad_blocker"
	b.Finding(f)
	if s := one(b, "whatsapp"); s.Status != Failing || s.Cause != CauseOwnPolicy || len(s.Fits) != 0 {
		t.Errorf("got %s %s %v", s.Status, s.Cause, s.Fits)
	}
}

func TestBlindnessIsTold(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	f := mute(1, "whatsapp", "chat")
	f.Blind = fact.BlindOneWay | fact.BlindNoRTT
	b.Flow(f)
	got := b.Services(&fact.World{Blind: fact.BlindHostFilter})[0]
	if !slices.Equal(got.Blind, []string{"one_way", "host_filter"}) {
		t.Errorf("blind %v", got.Blind)
	}
	last := got.Next[len(got.Next)-1]
	if last.Text != "capture again with both directions, without a host filter" || last.SendsTraffic {
		t.Errorf("next %+v", last)
	}
}

func TestAMidflowSuspicionNamesNoWinner(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	f := tcpFlow(1, "whatsapp", "chat")
	b.Finding(about("f1", finding.DropMidflow, finding.Suspected, "whatsapp", "chat", f))
	b.Flow(f)
	s := one(b, "whatsapp")
	if !slices.Equal(s.How, []finding.Kind{finding.DropMidflow}) || !slices.Contains(s.Fits, "server gave up") {
		t.Errorf("how %v fits %v", s.How, s.Fits)
	}
}
