package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// repeatWithin is how far apart in time failures may be, ns (resets-and-
	// drops, section 1).
	repeatWithin = int64(60 * time.Second)
	// repeatMargin is how long before the first failure's last packet a control
	// still counts, ns: by then that flow had long been failing.
	repeatMargin = int64(time.Second)
	// repeatSpan is the time in which a control that began before and went on
	// after must have moved: the longest silence within one span of a control.
	repeatSpan = int64(10 * time.Second)
)

// Repeat lifts what is suspected to likely when it happened again elsewhere:
// the same kind at the same stage on two destinations or names of one service,
// or of two owners, within a minute, while a third party's control goes on
// (resets-and-drops, section 1). One owner of whom nothing works stays
// suspected, unless an unrelated owner fails alike: an outage looks the same. It does
// not make packets that no end makes.
type Repeat struct{}

// Name returns "repeat".
func (Repeat) Name() string { return "repeat" }

// Judge returns the lifts, in the order of the failures.
func (Repeat) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	for i := range w.Failures {
		f := &w.Failures[i]
		liftable := finding.Suspected
		if f.Hearsay {
			liftable = Less(liftable)
		}
		if f.Verdict != string(liftable) || f.Stage == "" || f.Owner == "" {
			continue // of parties nobody knows, dead ones are plenty
		}
		if l, ok := liftOf(w, f); ok {
			out.Lifts = append(out.Lifts, l)
		}
	}
	return out
}

// StageOf says at which stage of its flow a finding says that it failed, "" if it says
// no such thing. A reset that nothing explains failed its flow too: it is compared
// with what others got, under a stage of its own, and never repeated into anything.
func StageOf(f *finding.Finding, reached string) string {
	if f.Kind == finding.ResetSeen && f.Verdict == finding.Unexplained && (reached == fact.StagePostSYN || reached == fact.StagePostPSH) {
		return "reset"
	}
	if f.Verdict.Rank() < finding.Suspected.Rank() && !(Hearsay(f) && f.Verdict == finding.Unexplained) {
		return ""
	}
	switch f.Kind {
	case finding.DropConnect:
		return "connect"
	case finding.DropHello, finding.ResetInjected:
		return "hello"
	case finding.DropMidflow:
		return "midflow"
	case finding.DropQUIC:
		return "quic"
	case finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered:
		return "dns"
	case finding.ICMPProhibited:
		if !slices.Contains(f.NotRuledOut, "own_policy") {
			return "icmp"
		}
	}
	return ""
}

// AtEntry reports that what failed at a stage had not got anything yet. Only that
// compares with what others got first: of a flow cut later nobody knows how far
// another would have come.
func AtEntry(stage, reached string) bool {
	switch stage {
	case "connect", "quic", "icmp", "reset":
		return true
	case "hello":
		return reached != fact.StageLater
	}
	return false
}

// Forged reports that a finding shows what no outage makes: of a reset, strong
// evidence in what it says and when; of an ICMP error, a third party's own words.
func Forged(f *finding.Finding) bool {
	if f.Kind == finding.ICMPProhibited {
		return true
	}
	return f.Kind == finding.ResetInjected && slices.ContainsFunc(f.For, func(e finding.Evidence) bool {
		switch e.Family {
		case finding.Causality, finding.Sequence, finding.Content, finding.Reaction:
			return rank(e.Class) >= rank(finding.S)
		}
		return false
	})
}

// liftOf compares one failure with those alike.
func liftOf(w *fact.World, f *fact.Failure) (Lift, bool) {
	g := groupOf(w, f)
	if len(g.all) < 2 {
		return Lift{}, false
	}
	controls := g.controls(w)
	if len(controls) == 0 || len(g.owners) < 2 && !g.forged() && !g.ownerLives(w) {
		return Lift{}, false
	}
	l := Lift{Finding: f.Finding, To: finding.Likely, Evidence: g.evidence(len(controls))}
	for _, c := range controls[:min(len(controls), maxControls)] {
		l.Controls = append(l.Controls, c.Flow.String())
	}
	l.Rests = []string{g.all[1].Finding} // when it falls, another may still do
	return l, true
}

// group is failures alike: of one service or owner at several destinations or
// names, or of several owners.
type group struct {
	stage       string
	all         []*fact.Failure
	owners      []string
	targets     []string // destinations, or names where the stage knows names
	first, last int64    // in which they failed
	client      *fact.Failure
}

// groupOf gathers the failures that repeat f: on another destination, name or
// owner.
func groupOf(w *fact.World, f *fact.Failure) group {
	g := group{stage: f.Stage, first: f.Time, last: f.Time, client: f}
	g.add(f)
	for i := range w.Failures {
		o := &w.Failures[i]
		if o.Finding == f.Finding || o.Kind != f.Kind || o.Stage != f.Stage || o.If != f.If || o.Owner == "" ||
			max(o.Time-f.Time, f.Time-o.Time) > repeatWithin || target(o) == target(f) || oneEvent(f, o) {
			continue
		}
		g.add(o)
	}
	return g
}

func (g *group) add(f *fact.Failure) {
	g.all = append(g.all, f)
	g.first, g.last = min(g.first, f.Time), max(g.last, f.Time)
	if f.From != 0 {
		g.first = min(g.first, f.From+repeatMargin)
	}
	if !slices.Contains(g.owners, f.Owner) {
		g.owners = append(g.owners, f.Owner)
	}
	if t := target(f); !slices.Contains(g.targets, t) {
		g.targets = append(g.targets, t)
	}
}

// target is what failed: for a connection that never opened the address, since
// a SYN knows no name; for a DNS answer the name, since the address is the
// resolver's; else both.
func target(f *fact.Failure) string {
	switch {
	case f.Stage == "connect":
		return f.Server.String()
	case f.Stage == "dns":
		return f.Name
	}
	return f.Server.String() + " " + f.Name
}

// controls are connections of other parties that moved between the failures.
func (g *group) controls(w *fact.World) []fact.Control {
	from, to := g.first-repeatMargin, g.last
	q := fact.ControlQuery{Client: g.client.Client, If: g.client.If, From: from, To: to}
	if g.stage != "dns" {
		q.Proto, q.NotServer = capture.ProtoTCP, g.client.Server
	}
	return slices.DeleteFunc(w.ControlsFor(q, controlScan), func(c fact.Control) bool {
		switch {
		case c.Owner != "" && slices.Contains(g.owners, c.Owner),
			slices.ContainsFunc(g.all, func(f *fact.Failure) bool { return g.stage != "dns" && f.Server == c.Server }),
			!inside(&c, from, to) && to-from <= repeatSpan:
			return true
		case g.stage == "dns":
			return false
		}
		return c.Server.Is4() != g.client.Server.Is4() || localAddr(c.Server) != localAddr(g.client.Server)
	})
}

// forged reports that every failure shows what an outage does not: packets that no
// end makes, or the word of a third party.
func (g *group) forged() bool {
	return !slices.ContainsFunc(g.all, func(f *fact.Failure) bool { return !f.Forged })
}

// ownerLives reports that something of the one owner works around that time. A
// DNS answer about its names is the resolver's life, not the owner's.
func (g *group) ownerLives(w *fact.World) bool {
	all := w.ControlsFor(fact.ControlQuery{If: g.client.If, From: g.first - repeatMargin, To: g.last + repeatMargin}, controlScan)
	return slices.ContainsFunc(all, func(c fact.Control) bool {
		_, resolver := w.Resolvers[c.Server]
		return c.Owner == g.owners[0] && !resolver && c.Port != 53
	})
}

func (g *group) evidence(controls int) finding.Evidence {
	owners := slices.Sorted(slices.Values(g.owners))
	where := fmt.Sprintf("%d destinations or names of %s", len(g.targets), strings.Join(owners, ", "))
	e := finding.Evidence{Code: "REP", Family: finding.Trigger, Class: finding.S,
		Text: fmt.Sprintf("the same on %s within %s, while %d other connection(s) went on", where, spellNs(g.last-g.first), controls)}
	for _, o := range g.all {
		e.Packets = append(e.Packets, o.Num)
	}
	slices.Sort(e.Packets)
	e.Packets = slices.Compact(e.Packets)
	e.Packets = e.Packets[:min(len(e.Packets), 8)]
	return e
}
