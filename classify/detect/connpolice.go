package detect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of the connection policer (resets-and-drops, D11).
const (
	policeMany   = 8                        // connections that must have worked before
	policeWithin = int64(10 * time.Second)  // and in what time, ns
	policeLeast  = int64(45 * time.Second)  // how long the rest stay dead at least
	policeMost   = int64(130 * time.Second) // and at most
)

// ConnPolice finds that hellos die only after many connections to one network within
// seconds, and pass again a minute later (resets-and-drops, D11). Once may be chance;
// twice is a rule. A client behind a carrier's NAT may have run out of ports instead.
type ConnPolice struct{}

// Name returns "conn_police".
func (ConnPolice) Name() string { return "conn_police" }

// Revision is that of all it looks at.
func (ConnPolice) Revision(w *fact.World) uint64 { return w.Attempts.Revision() }

// Judge returns a lift for each hello that died so.
func (ConnPolice) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	type place struct{ client, net string }
	seen := map[place]bool{}
	for _, c := range w.Attempts.Failed() {
		at := place{c.Client.String(), fact.Network(c.Server).String()}
		if c.Proto != capture.ProtoTCP || seen[at] {
			continue
		}
		seen[at] = true
		out.Lifts = append(out.Lifts, policed(w, c)...)
	}
	return out
}

// burst is one time that hellos began to die after many connections.
type burst struct {
	before []fact.Won // those that worked, by start
	dead   []fact.Lost
	back   fact.Won
}

// policed looks at all attempts of a client at one network.
func policed(w *fact.World, c *fact.Tried) []Lift {
	var won []fact.Won
	var lost []fact.Lost
	for _, o := range w.Attempts.Near(c.Client, c.Server) {
		if o.Proto != capture.ProtoTCP || o.JA4 == "" || o.If != c.If {
			continue
		}
		won = append(won, o.Won...)
		for _, l := range o.Lost {
			if l.Kind != string(finding.DropHello) {
				return nil // what answers with a reset is a server that limits rates
			}
			lost = append(lost, l)
		}
	}
	slices.SortStableFunc(won, func(a, b fact.Won) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(lost, func(a, b fact.Lost) int { return cmp.Compare(a.Start, b.Start) })
	bursts := burstsOf(won, lost)
	if len(bursts) == 0 {
		return nil
	}
	return policeLifts(c, bursts, len(won), len(lost))
}

// burstsOf splits the failures by the successes between them. It returns nil unless
// every one of them began after many connections and ended in time.
func burstsOf(won []fact.Won, lost []fact.Lost) []burst {
	var out []burst
	for len(lost) > 0 {
		b := burst{}
		first := lost[0].Start
		for _, x := range won {
			switch {
			case x.Start >= first-policeWithin && x.Start < first:
				b.before = append(b.before, x)
			case x.Start >= first && b.back.Num == 0:
				b.back = x
			}
		}
		for len(lost) > 0 && (b.back.Num == 0 || lost[0].Start < b.back.Start) {
			b.dead, lost = append(b.dead, lost[0]), lost[1:]
		}
		if gap := b.back.Start - first; len(b.before) < policeMany || b.back.Num == 0 || gap < policeLeast || gap > policeMost {
			return nil
		}
		out = append(out, b)
	}
	return out
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func policeLifts(c *fact.Tried, bursts []burst, won, lost int) []Lift {
	b := &bursts[0]
	first := b.dead[0].Start
	e := finding.Evidence{Code: "D11", Family: finding.Trigger, Class: finding.M,
		Text: fmt.Sprintf("%d hello(s) to %s died, all of them after many connections (%s): first after %d in %s, and hellos passed again %s later; %d attempts worked in all",
			lost, fact.Network(c.Server), times(len(bursts)), len(b.before), spellNs(first-b.before[0].Start), spellNs(b.back.Start-first), won),
		Packets: []uint64{b.before[len(b.before)-1].Num, b.dead[0].Num, b.back.Num}}
	slices.Sort(e.Packets)
	l := Lift{Controls: []string{b.back.Flow.String()}, Summary: fmt.Sprintf("triggered by the number of connections: %d in %s had worked (%s)",
		len(b.before), spellNs(first-b.before[0].Start), times(len(bursts)))}
	t := table{lost: lost, otherWon: won}
	l.Trigger = condition("volume", fmt.Sprintf("%d connections within %s", len(b.before), spellNs(policeWithin)), t, fisher([]table{t}))
	switch {
	case cgn.Contains(c.Client):
		e.Text += "; the client's address is a carrier's, whose NAT may be out of ports"
	case len(bursts) > 1:
		e.Class, l.To = finding.S, finding.Likely
	}
	l.Evidence = e
	var out []Lift
	for _, b := range bursts {
		for i := range b.dead {
			l.Finding = b.dead[i].Finding
			out = append(out, l)
		}
	}
	return out
}
