package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// unlisted are failures of a kind at n destinations in four networks, half a second
// apart.
func unlisted(kind finding.Kind, n int, owners ...string) []fact.Failure {
	var out []fact.Failure
	for i := range n {
		f := failed(fmt.Sprintf("f%d", i), owners[i%len(owners)], fmt.Sprintf("198.%d.100.%d", 50+i%4, i+1), "", float64(i)/2)
		f.Kind, f.Flow, f.Start = string(kind), fact.FlowID(i+1), sec(float64(i)/2)
		out = append(out, f)
	}
	return out
}

// working are controls that began at 1 s, at these servers.
func working(servers ...string) []fact.Control {
	var out []fact.Control
	for i, s := range servers {
		c := at(living(1, 20), s)
		c.Flow, c.Owner, c.Service = fact.FlowID(900+i), "", ""
		out = append(out, c)
	}
	return out
}

func TestAllowList(t *testing.T) {
	hello, connect := finding.DropHello, finding.DropConnect
	listed := []string{"217.20.152.19", "217.20.147.8", "213.59.253.8"}
	for _, c := range []struct {
		name     string
		failures []fact.Failure
		controls []fact.Control
		change   func(w *fact.World)
		want     finding.Verdict
	}{
		{"F21: ten destinations of five owners open and die, three work", unlisted(hello, 10, "a", "b", "c", "d", "e"), working(listed...), nil, finding.Likely},
		{"owners nobody knows, in four networks", unlisted(hello, 8, ""), working(listed...), nil, finding.Likely},
		{"SYNs are swallowed: a firewall or kill switch does that", unlisted(connect, 10, "a", "b", "c", "d"), working(listed...), nil, finding.Suspected},
		{"seven destinations", unlisted(hello, 7, "a", "b", "c", "d", "e"), working(listed...), nil, ""},
		{"B37: three owners", unlisted(hello, 10, "a", "b", "c"), working(listed...), nil, ""},
		{"two that work", unlisted(hello, 10, "a", "b", "c", "d"), working(listed[:2]...), nil, ""},
		{"a VPN: all that works is in one network", unlisted(hello, 10, "a", "b", "c", "d"), working("203.0.113.1", "203.0.113.2", "203.0.113.3"), nil, ""},
		{"what works is at home", unlisted(hello, 10, "a", "b", "c", "d"), working("192.168.1.2", "192.168.1.3", "10.0.0.3"), nil, ""},
		{"B24: what works was open before", unlisted(hello, 10, "a", "b", "c", "d"), func() []fact.Control {
			cs := working(listed...)
			for i := range cs {
				cs[i].First = sec(-30)
			}
			return cs
		}(), nil, ""},
		{"what works began when all was over", unlisted(hello, 10, "a", "b", "c", "d"), func() []fact.Control {
			cs := working(listed...)
			for i := range cs {
				cs[i].First = sec(9)
			}
			return cs
		}(), nil, ""},
		{"what works is another client's", unlisted(hello, 10, "a", "b", "c", "d"), func() []fact.Control {
			cs := working(listed...)
			for i := range cs {
				cs[i].Client = mustAddr("192.168.1.77")
			}
			return cs
		}(), nil, ""},
		{"only UDP works", unlisted(hello, 10, "a", "b", "c", "d"), func() []fact.Control {
			cs := working(listed...)
			for i := range cs {
				cs[i].Proto = capture.ProtoUDP
			}
			return cs
		}(), nil, ""},
		{"more than a minute", func() []fact.Failure {
			fs := unlisted(hello, 10, "a", "b", "c", "d")
			for i := range fs {
				fs[i].Start = sec(float64(10 * i))
			}
			return fs
		}(), working(listed...), nil, ""},
		{"B30: all names are at the portal", unlisted(hello, 10, "a", "b", "c", "d"), working(listed...), func(w *fact.World) {
			w.Names = map[string]*fact.NameFact{}
			for _, n := range []string{"a.example", "b.example", "c.example"} {
				w.Names[n] = &fact.NameFact{Name: n, Answers: []fact.NameAnswer{{Time: sec(0), Addrs: []netip.Addr{mustAddr("192.0.2.1")}}}}
			}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dropWorld(c.controls...)
			w.Failures = c.failures
			if c.change != nil {
				c.change(w)
			}
			j := AllowList{}.Judge(w)
			wellFormed(t, Judgement{Findings: j.Findings})
			if got := verdictOf(t, Judgement{Findings: j.Findings}); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j.Findings)
			}
			if c.want != "" && (len(j.Findings[0].Flows) != len(c.failures) || len(j.Findings[0].Controls) != 3 || j.Findings[0].Service != "") {
				t.Errorf("%+v", j.Findings[0])
			}
		})
	}
}
