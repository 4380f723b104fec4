package detect

import (
	"fmt"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// failed is a suspected drop.hello of a known owner at some second.
func failed(id, owner, server, name string, at float64) fact.Failure {
	return fact.Failure{Finding: id, Kind: string(finding.DropHello), Stage: "hello", Verdict: string(finding.Suspected),
		Service: owner, Owner: owner, Server: mustAddr(server), Name: name, Client: mustAddr(dropClient), Time: sec(at), Num: uint64(at) + 1}
}

// staged changes what kind of failures these are.
func staged(kind finding.Kind, stage string, fs ...fact.Failure) []fact.Failure {
	for i := range fs {
		fs[i].Kind, fs[i].Stage = string(kind), stage
	}
	return fs
}

// alive is something else of an owner that works.
func alive(owner string, from, to float64) fact.Control {
	c := living(from, to)
	c.Flow, c.Owner, c.Service, c.Server = 80, owner, owner, mustAddr("31.13.72.36")
	return c
}

func TestRepeat(t *testing.T) {
	hello := func(at ...float64) []fact.Failure {
		var out []fact.Failure
		for i, s := range at {
			out = append(out, failed(fmt.Sprintf("f%d", i+1), "meta", fmt.Sprintf("157.240.205.%d", 60+i), "web.whatsapp.com", s))
		}
		return out
	}
	owners := func() []fact.Failure {
		return []fact.Failure{failed("f1", "meta", waIs, "web.whatsapp.com", 10), failed("f2", "signal", "13.248.212.111", "chat.signal.org", 30)}
	}
	third := living(15, 20) // moved between the failures
	for _, c := range []struct {
		name     string
		failures []fact.Failure
		controls []fact.Control
		lifts    string
	}{
		{"two destinations of one owner, of whom something works", hello(10, 30), []fact.Control{third, alive("meta", 12, 25)}, "f1 f2 "},
		{"two owners", owners(), []fact.Control{third}, "f1 f2 "},
		{"an outage: all of one owner is dead", hello(10, 30), []fact.Control{third}, ""},
		{"one failure", hello(10), []fact.Control{third, alive("meta", 12, 25)}, ""},
		{"the same destination and name twice", []fact.Failure{failed("f1", "meta", waIs, "a", 10), failed("f2", "meta", waIs, "a", 30)}, []fact.Control{third, alive("meta", 12, 25)}, ""},
		{"two names on one address", []fact.Failure{failed("f1", "meta", waIs, "a", 10), failed("f2", "meta", waIs, "b", 30)}, []fact.Control{third, alive("meta", 12, 25)}, "f1 f2 "},
		{"two names on one dead address that never opened", staged(finding.DropConnect, "connect", failed("f1", "meta", waIs, "a", 10), failed("f2", "meta", waIs, "b", 30)), []fact.Control{third, alive("meta", 12, 25)}, ""},
		{"more than a minute apart", hello(10, 80), []fact.Control{third, alive("meta", 12, 75)}, ""},
		{"no control", owners(), nil, ""},
		{"B24: what lived before and after is no control", func() []fact.Failure {
			f := owners()
			f[1].Time = sec(12)
			return f
		}(), []fact.Control{living(-60, 8.5), living(13, 40), living(-60, 40)}, ""},
		{"one that moved all along, over a long enough time, is", owners(), []fact.Control{living(-60, 90)}, "f1 f2 "},
		{"a control of a failing owner is none", owners(), []fact.Control{alive("signal", 15, 20)}, ""},
		{"a control at home is none", owners(), []fact.Control{at(third, "192.168.1.9")}, ""},
		{"a control over IPv6 is none for IPv4", owners(), []fact.Control{at(third, "2001:4860::1")}, ""},
		{"a control over UDP is none for TCP", owners(), []fact.Control{over(third, capture.ProtoUDP)}, ""},
		{"another stage", append(staged(finding.DropConnect, "connect", owners()[0]), owners()[1]), []fact.Control{third}, ""},
		{"nobody knows whose the dead hosts are", func() []fact.Failure {
			f := owners()
			f[0].Owner, f[1].Owner = "", ""
			return f
		}(), []fact.Control{third}, ""},
		{"what is likely already lifts another, not itself", func() []fact.Failure {
			f := owners()
			f[0].Verdict = string(finding.Likely)
			return f
		}(), []fact.Control{third}, "f2 "},
		{"two denied names of one owner at one resolver", staged(finding.DNSDenied, "dns",
			failed("f1", "meta", google, "web.whatsapp.com", 10), failed("f2", "meta", google, "g.whatsapp.net", 30)),
			[]fact.Control{over(third, capture.ProtoUDP), alive("meta", 12, 25)}, "f1 f2 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dropWorld(c.controls...)
			w.Failures = c.failures
			lifts := Repeat{}.Judge(w).Lifts
			got := ""
			for _, l := range lifts {
				got += l.Finding + " "
				if l.To != finding.Likely || l.Evidence.Family != finding.Trigger || l.Evidence.Class != finding.S || len(l.Controls) == 0 || len(l.Evidence.Packets) < 2 {
					t.Errorf("%+v", l)
				}
			}
			if got != c.lifts {
				t.Fatalf("lifted %q, want %q", got, c.lifts)
			}
		})
	}
}

func TestAnOwnerDoesNotLiveByDNS(t *testing.T) {
	w := dropWorld(living(15, 20), at(alive("meta", 12, 25), google))
	w.Failures = []fact.Failure{failed("f1", "meta", waIs, "a", 10), failed("f2", "meta", waElse, "b", 30)}
	if n := len(Repeat{}.Judge(w).Lifts); n != 2 {
		t.Fatalf("%d lifts: the address is not known to be a resolver", n)
	}
	w.Resolvers = dnsWorld().Resolvers
	if n := len(Repeat{}.Judge(w).Lifts); n != 0 {
		t.Errorf("%d lifts, though only the resolver answered", n)
	}
}

func TestRepeatSaysHowOften(t *testing.T) {
	w := dropWorld(living(15, 20))
	w.Failures = []fact.Failure{failed("f1", "meta", waIs, "a", 10), failed("f2", "signal", "13.248.212.111", "b", 30)}
	l := Repeat{}.Judge(w).Lifts[0]
	if want := "the same on 2 destinations or names of meta, signal within 20.0 s, while 1 other connection(s) went on"; l.Evidence.Text != want {
		t.Errorf("%q", l.Evidence.Text)
	}
}
