package detect

import (
	"net/netip"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	chromeJA4  = "t13d1515h2_8daaf6152771_de4a06bb82e3"
	resumedJA4 = "t13d1516h2_8daaf6152771_02713d6af862" // the same program, that has a ticket
	otherJA4   = "t13d1314h2_f57a46bbacb6_fb48f8b98a29"
)

// tries is a world of attempts under construction.
type tries struct {
	*fact.World
	flow fact.FlowID
}

func newTries() *tries {
	return &tries{World: &fact.World{Vantage: "host", Now: sec(1000)}}
}

func attempt(server, name, ja4 string) fact.Try {
	return fact.Try{Client: mustAddr(dropClient), Server: mustAddr(server), Port: 443, Proto: capture.ProtoTCP, Name: name, JA4: ja4}
}

// won adds successes at these seconds.
func (t *tries) won(k fact.Try, at ...float64) *tries {
	for _, s := range at {
		t.flow++
		t.Attempts.SawWon(k, "", "", fact.Won{Flow: t.flow, Num: 100 + uint64(t.flow), Start: sec(s), Time: sec(s + 0.1)})
	}
	return t
}

// lost adds suspected silences after the hello; kind, stage and verdict may be told.
func (t *tries) lost(k fact.Try, at ...float64) *tries {
	return t.lostAs(k, fact.Lost{Kind: string(finding.DropHello), Stage: "hello", Verdict: string(finding.Suspected)}, at...)
}

func (t *tries) lostAs(k fact.Try, as fact.Lost, at ...float64) *tries {
	for _, s := range at {
		t.flow++
		as.Flow, as.Num, as.Start, as.End = t.flow, 100+uint64(t.flow), sec(s), sec(s+7)
		as.Finding = "f" + as.Flow.String()
		t.Attempts.SawLost(k, "", "", as)
	}
	return t
}

var (
	suddenReset = fact.Lost{Kind: string(finding.ResetInjected), Stage: "hello", Verdict: string(finding.Confirmed)}
	plainReset  = fact.Lost{Kind: string(finding.ResetSeen), Stage: "reset", Verdict: string(finding.Unexplained)}
	noAnswer    = fact.Lost{Kind: string(finding.DropConnect), Stage: "connect", Verdict: string(finding.Suspected)}
	noQUIC      = fact.Lost{Kind: string(finding.DropQUIC), Stage: "quic", Verdict: string(finding.Suspected)}
)

func quic(name string) fact.Try {
	k := attempt(dropServer, name, "")
	k.Proto = capture.ProtoUDP
	return k
}

func TestTriggered(t *testing.T) {
	bad, good := attempt(dropServer, "web.whatsapp.com", chromeJA4), attempt(dropServer, "www.example.com", chromeJA4)
	other := attempt(dropServer, "web.whatsapp.com", otherJA4)
	elsewhere := attempt("157.240.205.99", "www.instagram.com", chromeJA4)
	for _, c := range []struct {
		name   string
		tries  *tries
		by, to string // of every lift; "" none
		n      int
	}{
		{"F12: four of one name fail, five of another pass", newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5), "name", "likely", 4},
		{"F7: a suspected reset hangs on the name", newTries().lostAs(bad, fact.Lost{Kind: string(finding.ResetInjected), Stage: "hello", Verdict: string(finding.Suspected)}, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5), "name", "likely", 4},
		{"B18: unexplained resets of one name stay what they are", newTries().lostAs(bad, plainReset, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5), "name", "", 4},
		{"three against three may be chance", newTries().lost(bad, 1, 2, 3).won(good, 1, 2, 3), "", "", 0},
		{"three against three at two addresses is not", func() *tries {
			a, b := attempt("203.0.113.9", bad.Name, chromeJA4), attempt("203.0.113.9", good.Name, chromeJA4)
			return newTries().lost(bad, 1, 2, 3).won(good, 1, 2, 3).lost(a, 1, 2, 3).won(b, 1, 2, 3)
		}(), "name", "likely", 6},
		{"two are too few", newTries().lost(bad, 1, 2).won(good, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), "", "", 0},
		{"the name passed once", newTries().lost(bad, 1, 2, 3, 4, 5).won(bad, 6).won(good, 1, 2, 3, 4, 5, 6, 7), "", "", 0},
		{"the others passed on another day", newTries().lost(bad, 1, 2, 3, 4).won(good, 201, 202, 203, 204, 205), "", "", 0},
		{"all names fail", newTries().lost(bad, 1, 2, 3, 4).lost(good, 1, 2, 3, 4, 5), "", "", 0},
		{"the name fails also at an address that refuses everybody", func() *tries {
			a, b := attempt("203.0.113.9", bad.Name, chromeJA4), attempt("203.0.113.9", good.Name, chromeJA4)
			return newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5).lost(a, 1, 2, 3).lost(b, 1, 2, 3)
		}(), "name", "likely", 4},
		{"the other name came from another program", newTries().lost(bad, 1, 2, 3, 4).won(attempt(dropServer, "www.example.com", otherJA4), 1, 2, 3, 4, 5), "", "", 0},
		{"the same program with a ticket", newTries().lost(bad, 1, 2, 3, 4).won(attempt(dropServer, "www.example.com", resumedJA4), 1, 2, 3, 4, 5), "name", "likely", 4},
		{"the other name was another client's", func() *tries {
			k := good
			k.Client = netip.MustParseAddr("192.168.1.99")
			return newTries().lost(bad, 1, 2, 3, 4).won(k, 1, 2, 3, 4, 5)
		}(), "", "", 0},
		{"one hello fails, another passes", newTries().lost(bad, 1, 2, 3, 4).won(other, 1, 2, 3, 4, 5), "fingerprint", "likely", 4},
		{"QUIC fails, TCP passes", newTries().lostAs(quic("web.whatsapp.com"), noQUIC, 1, 2, 3, 4).won(bad, 1, 2, 3, 4, 5), "protocol", "", 4},
		{"one address fails, its neighbour passes", newTries().lostAs(attempt(dropServer, "", ""), noAnswer, 1, 2, 3, 4).won(attempt("157.240.205.99", "", ""), 1, 2, 3, 4, 5), "address", "", 4},
		{"B36: a host in maintenance, with neighbours that answer, is suspected at most", newTries().lostAs(attempt(dropServer, "", ""), noAnswer, 1, 2, 3, 4).won(elsewhere, 1, 2, 3, 4, 5), "address", "", 4},
		{"B37: a service is down, and nothing beside it is up", newTries().lostAs(attempt(dropServer, "", ""), noAnswer, 1, 2, 3, 4).won(attempt("198.51.100.9", "a", chromeJA4), 1, 2, 3, 4, 5), "", "", 0},
		{"more than half an hour ago", func() *tries {
			w := newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5)
			w.Now = sec(1900)
			return w
		}(), "", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := Triggered{}.Judge(c.tries.World)
			if len(j.Lifts) != c.n {
				t.Fatalf("%d lifts, want %d: %+v", len(j.Lifts), c.n, j.Lifts)
			}
			for _, l := range j.Lifts {
				checkTrigger(t, &l, c.by, c.to)
			}
		})
	}
}

// checkTrigger holds what a lift owes the reader: counts, control, chance, packets.
func checkTrigger(t *testing.T, l *Lift, by, to string) {
	t.Helper()
	c := l.Trigger
	if c == nil || c.By != by || string(l.To) != to || c.With[0] < triggerMany || c.With[1] != 0 || c.Other[1] < triggerMany || c.P >= triggerChance {
		t.Fatalf("%+v %+v", l, c)
	}
	if !strings.Contains(l.Summary, "triggered by the "+by) || len(l.Evidence.Packets) < 2 || len(l.Controls) == 0 || len(l.Rests) == 0 || l.Evidence.Family != finding.Trigger {
		t.Errorf("%+v", l)
	}
}

func TestB18IsANameConditionedReset(t *testing.T) {
	w := newTries().lostAs(attempt(dropServer, "unknown.example", chromeJA4), plainReset, 1, 2, 3, 4).won(attempt(dropServer, "www.example.com", chromeJA4), 1, 2, 3, 4, 5)
	l := Triggered{}.Judge(w.World).Lifts[0]
	want := "name-conditioned reset: triggered by the name unknown.example (4 of 4 failed, 0 of 5 without it)"
	if l.Summary != want || l.To != "" {
		t.Errorf("%q %q", l.Summary, l.To)
	}
}

// TestATriggerFalls: a name that passes after all hangs on nothing.
func TestATriggerFalls(t *testing.T) {
	bad, good := attempt(dropServer, "web.whatsapp.com", chromeJA4), attempt(dropServer, "www.example.com", chromeJA4)
	w := newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5)
	if j := (Triggered{}).Judge(w.World); len(j.Lifts) != 4 || len(j.Falls) != 0 {
		t.Fatalf("%+v", j)
	}
	if j := (Triggered{}).Judge(w.won(bad, 30).World); len(j.Lifts) != 0 || len(j.Falls) != 4 {
		t.Errorf("%+v", j)
	}
}
