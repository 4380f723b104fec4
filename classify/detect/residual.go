package detect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// residualMax is the longest window believed in, ns: 420 s are published for the
	// longest (resets-and-drops, D9), and a connection tried within it may take a minute.
	residualMax = int64(480 * time.Second)
	// residualMany is how many attempts must have failed in the window.
	residualMany = 2
)

// Residual finds that after a hello was reset the same port of the same address was
// dead for a while, whatever the name, and lived again (resets-and-drops, D9). Only a
// reset that neither end made counts as the trigger: a server that bans a client looks
// the same otherwise.
type Residual struct{}

// Name returns "residual".
func (Residual) Name() string { return "residual" }

// Revision is that of all it looks at.
func (Residual) Revision(w *fact.World) uint64 { return w.Attempts.Revision() }

// Judge returns a lift for each attempt in a window, and for what triggered it.
func (Residual) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	for _, c := range w.Attempts.Failed() {
		if c.Name == "" {
			continue
		}
		var windows []*window
		for i := range c.Lost {
			if l := &c.Lost[i]; forgedReset(l) {
				if x := afterwards(w, c, l); x.back.Num != 0 && len(x.dead) >= residualMany {
					windows = append(windows, x)
				}
			}
		}
		all := residualTable(windows)
		for _, x := range windows {
			out.Lifts = append(out.Lifts, x.lifts(all)...)
		}
	}
	return out
}

// residualTable counts the attempts in all windows after one name's triggers, and
// those outside of them.
func residualTable(windows []*window) table {
	var t table
	for _, x := range windows {
		t.lost += len(x.dead)
		t.otherWon, t.otherLost = x.won, x.lost // of the port: the same for each
	}
	t.otherLost -= t.lost
	return t
}

func forgedReset(l *fact.Lost) bool {
	return l.Kind == string(finding.ResetInjected) && finding.Verdict(l.Verdict).Rank() >= finding.Likely.Rank()
}

// window is the time after a trigger.
type window struct {
	cell      *fact.Tried
	trigger   *fact.Lost
	dead      []fact.Lost // that failed in it, by start
	back      fact.Won    // the first that worked again
	won, lost int         // at that port, ever
}

// afterwards looks at what became of the same client's attempts at the same port after a
// trigger, until the next one.
func afterwards(w *fact.World, c *fact.Tried, trigger *fact.Lost) *window {
	out := &window{cell: c, trigger: trigger}
	until := trigger.Start + residualMax
	var won []fact.Won
	var lost []fact.Lost
	for _, o := range w.Attempts.Near(c.Client, c.Server) {
		if o.Server != c.Server || o.Port != c.Port || o.Proto != c.Proto || o.If != c.If {
			continue
		}
		won = append(won, o.Won...)
		for _, l := range o.Lost {
			switch {
			case forgedReset(&l):
				if l.Start > trigger.Start {
					until = min(until, l.Start)
				}
			case l.Stage == "connect", l.Stage == "hello" && o.Name != c.Name:
				lost = append(lost, l)
			}
		}
	}
	slices.SortStableFunc(won, func(a, b fact.Won) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(lost, func(a, b fact.Lost) int { return cmp.Compare(a.Start, b.Start) })
	for _, x := range won {
		if x.Start > trigger.Start && x.Start < until {
			out.back = x
			break
		}
	}
	for _, l := range lost {
		if l.Start > trigger.Start && l.Start < until && l.Start < out.back.Start {
			out.dead = append(out.dead, l)
		}
	}
	out.won, out.lost = len(won), len(lost)
	return out
}

// lifts says it of each attempt that died, and of the trigger. Only where chance is
// out of the question it is called what triggered them.
func (x *window) lifts(all table) []Lift {
	least, most := x.dead[len(x.dead)-1].Start-x.trigger.Start, x.back.Start-x.trigger.Start
	e := finding.Evidence{Code: "D9", Family: finding.Trigger, Class: finding.S,
		Text: fmt.Sprintf("after the hello for %s was reset (packet %d) %d attempt(s) at %s port %d died, the last begun %s later; one begun %s later worked",
			x.cell.Name, x.trigger.Num, len(x.dead), x.cell.Server, x.cell.Port, spellNs(least), spellNs(most)),
		Got: fmt.Sprintf("%s to %s", spellNs(least), spellNs(most)), Packets: []uint64{x.trigger.Num, x.back.Num}}
	for _, l := range x.dead[:min(len(x.dead), maxControls)] {
		e.Packets = append(e.Packets, l.Num)
	}
	slices.Sort(e.Packets)
	l := Lift{Evidence: e, To: finding.Likely, Controls: []string{x.back.Flow.String()}, Rests: []string{x.trigger.Finding}}
	said := "begun"
	if p := fisher([]table{all}); p < triggerChance {
		said = fmt.Sprintf("triggered by the name %s (%d in such windows died, %d of %d outside): begun", x.cell.Name, all.lost, all.otherLost, all.otherLost+all.otherWon)
		l.Trigger = condition("name", x.cell.Name, all, p)
	}
	var out []Lift
	for i := range x.dead {
		l.Finding = x.dead[i].Finding
		l.Summary = fmt.Sprintf("%s %s after a hello for %s was reset, which leaves the port dead for %s to %s", said,
			spellNs(x.dead[i].Start-x.trigger.Start), x.cell.Name, spellNs(least), spellNs(most))
		out = append(out, l)
	}
	return append(out, Lift{Finding: x.trigger.Finding, Summary: fmt.Sprintf("then that port was dead for at least %s, and alive after %s", spellNs(least), spellNs(most))})
}
