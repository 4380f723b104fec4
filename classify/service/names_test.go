package service

import (
	"strings"
	"testing"
)

// ruled compiles rules of one service from lines "kind name".
func ruled(t *testing.T, lines ...string) names {
	t.Helper()
	n := names{}
	s := &svc{id: "x", owner: "x"}
	for _, l := range lines {
		kind, name, _ := strings.Cut(l, " ")
		if old := n.add(&nameRule{origin: &origin{fn: l, sure: 100}, svc: s, kind: matchKinds[kind], name: name}); old != nil {
			t.Fatalf("%s is there already", l)
		}
	}
	return n
}

func TestTheMostSpecificNameRuleWins(t *testing.T) {
	n := ruled(t, "suffix a.example", "suffix b.a.example", "exact c.b.a.example", "glob *.b.a.example", "glob d*.b.a.example",
		"glob m.*.n.a.example", "exact b.a.example")
	for _, c := range []struct{ why, name, want string }{
		{"the suffix itself", "a.example", "suffix a.example"},
		{"a name below the suffix", "x.y.a.example", "suffix a.example"},
		{"the longer suffix", "x.y.b.a.example", "suffix b.a.example"},
		{"exact over suffix for the same name", "b.a.example", "exact b.a.example"},
		{"exact over glob", "c.b.a.example", "exact c.b.a.example"},
		{"glob over suffix", "x.b.a.example", "glob *.b.a.example"},
		{"longer glob over shorter", "dx.b.a.example", "glob d*.b.a.example"},
		{"a star may stand for nothing", "d.b.a.example", "glob d*.b.a.example"},
		{"a star stays within its label", "x.c.b.a.example", "suffix b.a.example"},
		{"a star between labels", "m.fhel3-1.n.a.example", "glob m.*.n.a.example"},
		{"a star is one label, not two", "m.x.y.n.a.example", "suffix a.example"},
		{"upper case", "X.B.A.Example", "glob *.b.a.example"},
		{"a final dot", "c.b.a.example.", "exact c.b.a.example"},
		{"no label boundary", "nota.example", ""},
		{"the name as a prefix of another", "a.example.evil.example", ""},
		{"two final dots", "a.example..", ""},
		{"a dot alone", ".", ""},
		{"a leading dot", ".a.example", ""},
		{"an empty label", "x..a.example", ""},
		{"a NUL", "evil.example\x00.a.example", ""},
		{"nothing", "", ""},
		{"an address", "192.0.2.1", ""},
		{"too long a name", strings.Repeat("x.", 130) + "a.example", ""},
		{"bytes that are no text", "\xff\x00.b.a.exampl\xff", ""},
	} {
		got := ""
		if m, ok := n.find(c.name); ok {
			got = m.rule.fn
		}
		if got != c.want {
			t.Errorf("%s: %q is matched by %q, want %q", c.why, c.name, got, c.want)
		}
	}
}

func TestAWeakRuleBelowAStrongOneIsAsSureOfTheService(t *testing.T) {
	mine, other := &svc{id: "x"}, &svc{id: "y"}
	n := names{}
	n.add(&nameRule{origin: &origin{sure: 100}, svc: mine, kind: matchSuffix, name: "a.example"})
	n.add(&nameRule{origin: &origin{sure: 50}, svc: mine, kind: matchExact, name: "call.a.example"})
	n.add(&nameRule{origin: &origin{sure: 50}, svc: other, kind: matchExact, name: "guest.a.example"})
	if m, _ := n.find("call.a.example"); m.sure != 100 {
		t.Errorf("sure %d, want the suffix rule's 100", m.sure)
	}
	if m, _ := n.find("guest.a.example"); m.sure != 50 || m.rule.svc != other {
		t.Errorf("another service's rule must not lend its weight: %d", m.sure)
	}
}

func TestGlobMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "a.c", false}, {"*", "x", true}, {"*", "x.y", false},
		{"*a*b", "xaxab", true}, {"*a*b", "xaxa", false}, {"m.*", "m.x", true}, {"m.*", "m.", true}, {"m.*", "mx", false},
		{"*.*", "a.b", true}, {"*.*", "a.b.c", false}, {"**", "ab", true}, {"a*a", "a", false},
	} {
		if got := globMatch(c.pattern, []byte(c.name)); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.name, got)
		}
	}
}
