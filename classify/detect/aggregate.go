package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// triggerMany is how many attempts with something must have failed, and how many
	// without it been answered (resets-and-drops, section 7).
	triggerMany = 3
	// triggerChance is how likely it may be at most that they fell so by chance.
	triggerChance = 0.01
)

// Triggered finds what failures hang on: a name, the print of a hello, the protocol,
// the address. It compares attempts that differ in that alone, of the same client,
// and is the only detector that says "triggered by". A name or a print makes what was
// suspected likely. That QUIC or an address is dead while something beside it lives
// has innocent causes as often: it is told, and raises nothing. Of resets that nothing
// explains it says the same and no more: a server may refuse names that it does not
// know.
type Triggered struct{}

// Name returns "triggered".
func (Triggered) Name() string { return "triggered" }

// Revision is that of all it looks at.
func (Triggered) Revision(w *fact.World) uint64 { return w.Attempts.Revision() }

// Judge returns a lift for each finding that hangs on something, the plainest first.
func (Triggered) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	failed := w.Attempts.Failed()
	done := map[string]bool{}
	for _, by := range []contrast{byName, byPrint, byProtocol, byAddress} {
		for _, h := range hanging(w, failed, by) {
			for i := range h.lost {
				switch id := h.lost[i].Finding; {
				case done[id]:
				case h.holds():
					done[id] = true
					out.Lifts = append(out.Lifts, h.lift(&h.lost[i]))
				case h.sum.won > 0 && by(h.cell).lifts:
					addOnce(&out.Falls, id)
				}
			}
		}
	}
	out.Falls = slices.DeleteFunc(out.Falls, func(id string) bool { return done[id] })
	return out
}

// side is how an attempt counts in a comparison: the value compared, and all else
// that must be alike.
type side struct {
	by, value string // "" does not count
	rest      stratum
	lifts     bool // enough to make what is suspected likely
}

// stratum is what is the same for all attempts of one comparison.
type stratum struct {
	client, server netip.Addr
	net            netip.Prefix
	port, ifc      uint16
	proto          uint8
	what           string
}

// contrast sorts an attempt for one kind of comparison.
type contrast func(t *fact.Tried) side

func restOf(t *fact.Tried) stratum {
	return stratum{client: t.Client, server: t.Server, port: t.Port, ifc: t.If, proto: t.Proto}
}

func byName(t *fact.Tried) side {
	s := side{by: "name", value: strings.ToLower(t.Name), rest: restOf(t), lifts: true}
	s.rest.what = ciphers(t.JA4)
	return s
}

func byPrint(t *fact.Tried) side {
	s := side{by: "fingerprint", value: t.JA4, rest: restOf(t), lifts: true}
	if s.rest.what = strings.ToLower(t.Name); s.rest.what == "" {
		s.value = ""
	}
	return s
}

func byProtocol(t *fact.Tried) side {
	s := side{by: "protocol", rest: restOf(t)}
	s.rest.what, s.rest.proto = strings.ToLower(t.Name), 0
	switch {
	case s.rest.what == "":
	case t.Proto == capture.ProtoTCP:
		s.value = "TCP"
	case t.Proto == capture.ProtoUDP && t.Port == 443:
		s.value = "QUIC"
	}
	return s
}

func byAddress(t *fact.Tried) side {
	s := side{by: "address", value: t.Server.String(), rest: restOf(t)}
	s.rest.server, s.rest.net = netip.Addr{}, fact.Network(t.Server)
	return s
}

// ciphers is the part of a JA4 that one program keeps: the number and the list of its
// ciphers. The extensions change with what it knows of the server, and a server that
// is never reached teaches it nothing.
func ciphers(ja4 string) string {
	a, rest, ok := strings.Cut(ja4, "_")
	if !ok || len(a) < 6 {
		return ja4
	}
	b, _, _ := strings.Cut(rest, "_")
	return a[:6] + "_" + b
}

// hang is what some failures may hang on, with the counts.
type hang struct {
	side
	cell     *fact.Tried // one of those that failed
	tables   []table
	sum      table // of the tables
	lost     []fact.Lost
	controls []fact.Won
	p        float64
}

// hanging compares the attempts that failed with those that differ in one thing.
func hanging(w *fact.World, failed []*fact.Tried, by contrast) []*hang {
	var out []*hang
	at := map[string]*hang{}
	seen := map[stratum][]string{}
	for _, c := range failed {
		s := by(c)
		if s.value == "" || slices.Contains(seen[s.rest], s.value) {
			continue
		}
		seen[s.rest] = append(seen[s.rest], s.value)
		h := at[s.value]
		if h == nil {
			h = &hang{side: s, cell: c}
			at[s.value] = h
			out = append(out, h)
		}
		h.add(w, c, s, by)
	}
	for _, h := range out {
		h.p = fisher(h.tables)
	}
	return out
}

// add counts the attempts of one stratum. Those without the condition count while
// those with it failed: what was answered long before or after was answered on
// another day. Failures of a stratum in which nothing else was answered hang on
// nothing that shows there: an address may refuse everybody.
func (h *hang) add(w *fact.World, c *fact.Tried, s side, by contrast) {
	all := w.Attempts.Near(c.Client, c.Server)
	if !slices.ContainsFunc(all, func(o *fact.Tried) bool { return len(o.Won) > 0 }) {
		return
	}
	var t table
	var lost []fact.Lost
	var from, to int64
	var with, without []*fact.Tried
	for _, o := range all {
		switch x := by(o); {
		case x.rest != s.rest:
		case x.value == s.value:
			with = append(with, o)
		case x.value != "" || s.by == "name":
			without = append(without, o)
		}
	}
	for _, o := range with {
		for _, l := range o.Lost {
			if w.Now-l.End > fact.TryMemory {
				continue
			}
			if t.lost == 0 {
				from = l.Start
			}
			from, to = min(from, l.Start), max(to, l.End)
			t.lost++
			lost = append(lost, l)
		}
		t.won += len(o.Won)
	}
	for _, o := range without {
		for _, l := range o.Lost {
			t.otherLost += count(l.End >= from-repeatWithin && l.Start <= to+repeatWithin)
		}
		for _, won := range o.Won {
			if won.Start >= from-repeatWithin && won.Start <= to+repeatWithin {
				t.otherWon++
				h.controls = append(h.controls, won)
			}
		}
	}
	h.sum.won += t.won
	if t.otherWon == 0 {
		return
	}
	h.lost, h.tables = append(h.lost, lost...), append(h.tables, t)
	h.sum.lost += t.lost
	h.sum.otherLost, h.sum.otherWon = h.sum.otherLost+t.otherLost, h.sum.otherWon+t.otherWon
}

// condition tells in a finding what it hangs on.
func condition(by, value string, t table, p float64) *finding.Condition {
	return &finding.Condition{By: by, Value: value, With: [2]int{t.lost, t.won}, Other: [2]int{t.otherLost, t.otherWon}, P: p}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (h *hang) holds() bool {
	return h.sum.lost >= triggerMany && h.sum.won == 0 && h.sum.otherWon >= triggerMany && h.p < triggerChance &&
		!(h.by == "protocol" && h.value != "QUIC")
}

// lift says of one failure what it hangs on.
func (h *hang) lift(l *fact.Lost) Lift {
	out := Lift{Finding: l.Finding, Trigger: condition(h.by, h.value, h.sum, h.p)}
	e := finding.Evidence{Code: "A1", Family: finding.Trigger, Class: finding.M, Text: h.text(), Got: fmt.Sprintf("p = %.2g", h.p),
		Want: fmt.Sprintf("< %g", triggerChance), Packets: h.packets()}
	out.Summary = fmt.Sprintf("triggered by the %s %s (%d of %d failed, %d of %d without it)", h.by, h.value,
		h.sum.lost, h.sum.lost+h.sum.won, h.sum.otherLost, h.sum.otherLost+h.sum.otherWon)
	if h.lifts {
		e.Class = finding.S
	}
	switch {
	case l.Stage == "reset":
		out.Summary = h.by + "-conditioned reset: " + out.Summary
	case h.lifts:
		out.To = finding.Likely
	}
	out.Evidence = e
	for _, c := range h.controls[:min(len(h.controls), maxControls)] {
		out.Controls = append(out.Controls, c.Flow.String())
	}
	for _, o := range h.lost {
		if o.Finding != l.Finding && len(out.Rests) < triggerMany {
			out.Rests = append(out.Rests, o.Finding)
		}
	}
	return out
}

// unlike says what the control had instead.
var unlike = map[string]string{
	"name": "under other names", "fingerprint": "with other hellos", "protocol": "over TCP", "address": "to other addresses of that network",
}

func (h *hang) text() string {
	at := h.cell.Server.String()
	if n := len(h.tables); n > 1 {
		at = fmt.Sprintf("%d addresses or clients", n)
	}
	return fmt.Sprintf("of %d attempts with the %s %s at %s %d failed; %s %d of %d were answered, between or within %s of them (Fisher's exact test, one-sided: p = %.2g)",
		h.sum.lost+h.sum.won, h.by, h.value, at, h.sum.lost, unlike[h.by], h.sum.otherWon, h.sum.otherLost+h.sum.otherWon, spellNs(repeatWithin), h.p)
}

// packets are some of those that failed and of those that were answered.
func (h *hang) packets() []uint64 {
	var out []uint64
	for _, l := range h.lost[:min(len(h.lost), maxControls)] {
		out = append(out, l.Num)
	}
	for _, c := range h.controls[:min(len(h.controls), maxControls)] {
		out = append(out, c.Num)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
