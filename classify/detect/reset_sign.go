package detect

import (
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// resetSign is one observation about resets, with what it takes to be counted.
type resetSign struct {
	code   string
	family finding.Family
	class  finding.Class
	// clause completes "RST claims to come from X but ...".
	clause    string
	got, want string
	packets   []uint64
	needs     resetNeed
	technique string // how it was done, where the sign says so
	fin       bool   // about a FIN, not a RST
}

// resetNeed is what a capture must offer for a sign to count. What is missing
// is a veto: the sign stays in the record as weak.
type resetNeed uint8

const (
	needGapless resetNeed = 1 << iota // no packet of the flow lost by the capture before the reset
	needBoth                          // both directions captured
	needSYN                           // the handshake seen
	needClock                         // capture time runs forward
	needHeaders                       // headers are the wire's, not made up by the recorder
)

var resetVetoes = []struct {
	need   resetNeed
	reason finding.Reason
}{
	{needGapless, finding.Reason{Code: "capture_gap", Text: "the capture lost packets of this flow before the reset"}},
	{needBoth, finding.Reason{Code: "one_way", Text: "only one direction was captured"}},
	{needSYN, finding.Reason{Code: "midstream", Text: "the handshake was not captured"}},
	{needClock, finding.Reason{Code: "clock_step", Text: "capture time stepped back"}},
	{needHeaders, finding.Reason{Code: "synthetic", Text: "packet headers were made up by the recorder"}},
}

// missing says which needs this capture cannot meet.
func (c *resetCase) missing() resetNeed {
	var m resetNeed
	gap := func(r fact.Reset) bool { return r.GapBefore }
	if c.f.Blind&fact.BlindGap != 0 || slices.ContainsFunc(c.resets, gap) {
		m |= needGapless
	}
	if c.f.Blind&fact.BlindOneWay != 0 || c.peer().Packets == 0 {
		m |= needBoth
	}
	if c.f.Blind&fact.BlindMidstream != 0 {
		m |= needSYN
	}
	if (c.f.Blind|c.w.Blind)&fact.BlindClockStep != 0 {
		m |= needClock
	}
	if (c.f.Blind|c.w.Blind)&fact.BlindSynthetic != 0 {
		m |= needHeaders
	}
	return m
}

// vetoReasons lists the vetoes in m.
func vetoReasons(m resetNeed) []finding.Reason {
	var out []finding.Reason
	for _, v := range resetVetoes {
		if m&v.need != 0 {
			out = append(out, v.reason)
		}
	}
	return out
}

// evidence is the sign as the record carries it. With vetoes it counts for
// nothing and says so.
func (s *resetSign) evidence(veto resetNeed) finding.Evidence {
	e := finding.Evidence{Code: s.code, Family: s.family, Class: s.class,
		Text: sentence(s.clause), Got: s.got, Want: s.want, Packets: s.packets}
	if veto != 0 {
		e.Class = finding.W
		e.Text += " (not counted: " + vetoReasons(veto)[0].Text + ")"
	}
	return e
}

// strong reports whether a class accuses on its own.
func strong(c finding.Class) bool { return c == finding.C || c == finding.S }

func sentence(clause string) string {
	if clause == "" {
		return ""
	}
	return strings.ToUpper(clause[:1]) + clause[1:]
}
