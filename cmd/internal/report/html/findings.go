package html

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/explain"
	"chokepoint/cmd/internal/report/table"
)

// Bounds of the list of findings.
const (
	maxListed   = 2000 // told in a line each, beyond those told in full
	maxEvidence = 16   // pieces of it, of one finding, each side
	maxRefs     = 16   // packets that one piece names
	maxRest     = 64   // packets of a finding that are in no ladder
	maxIDs      = 24   // flows named in a line
)

// findingsView is all that was found.
type findingsView struct {
	Accusing []*groupView
	Open     []*groupView // seen, and not held against anybody
	Beyond   int          // counted, not kept
	Unlisted int          // kept, and no room for them on the page
	Unread   string       // why there are no packets
}

// groupView is the findings of one kind and verdict about one service.
type groupView struct {
	Sureness string
	Verdict  string
	Kind     string
	Service  string
	Size     string
	Context  bool
	Full     []*findingView
	Lines    []lineView
}

// lineView is a finding in a line.
type lineView struct{ Ref, ID, Summary string }

// findingView is a finding with all it stands on.
type findingView struct {
	Ref, ID       string
	Head          []string // kind, technique, service, name
	Verdict       string
	Sureness      string
	Summary       string
	Facts         []pairView
	For           []evidenceView
	Against       []evidenceView
	Unfit         int // pieces of evidence that have no room
	RuledOut      []string
	Possible      []string
	Missing       []missingView
	Blind         []pairView
	Filter        string
	NoFilter      string
	Ladders       []*ladderView
	Elsewhere     []packetView // named packets that no ladder shows
	ElsewhereMore int
	NoLadder      string
	Names         []*namesView
	Plots         []*plotView
	Open          bool
}

type evidenceView struct {
	Code, Class, Family, Text, Got, Want string
	Packets                              []packetView
	More                                 int // packets beyond those
}

type packetView struct {
	Num uint64
	Ref string
}

type missingView struct{ Head, Text, Settles string }

// findings tells all that stand, the surest first.
func (c *Capture) findings(prefix string, told *table.Told, left *budget) *findingsView {
	v := &findingsView{Beyond: told.Beyond}
	if c.unread != "" && !c.live && len(told.Groups) > 0 {
		v.Unread = esc(c.unread, longText)
	}
	raw := map[string]*finding.Finding{}
	for _, f := range c.ledger.Standing() {
		raw[f.ID] = f
	}
	for i := range told.Groups {
		g := &told.Groups[i]
		gv := &groupView{
			Sureness: table.Sureness(g.Lead.Verdict), Verdict: string(g.Lead.Verdict), Kind: string(g.Lead.Kind),
			Service: esc(serviceName(told, g.Lead.Service), shortText), Size: g.Size, Context: g.Context,
		}
		for _, f := range g.Findings {
			switch {
			case left.findings > 0:
				left.findings--
				gv.Full = append(gv.Full, c.finding(prefix, f, raw[f.ID], left))
			case left.listed > 0:
				left.listed--
				gv.Lines = append(gv.Lines, lineView{prefix + esc(f.ID, 12), esc(f.ID, 12), esc(f.Summary, 200)})
			default:
				v.Unlisted++
			}
		}
		if len(gv.Full) > 0 {
			gv.Full[0].Open = g.Accuses
		}
		if g.Accuses {
			v.Accusing = append(v.Accusing, gv)
		} else {
			v.Open = append(v.Open, gv)
		}
	}
	return v
}

func serviceName(told *table.Told, id string) string {
	for i := range told.Services {
		if told.Services[i].Service.Service == id {
			return told.Services[i].Name
		}
	}
	return id
}

// finding tells one; f is redacted, raw is as it was found.
func (c *Capture) finding(prefix string, f, raw *finding.Finding, left *budget) *findingView {
	id := esc(f.ID, 12)
	v := &findingView{
		Ref: prefix + id, ID: id, Verdict: string(f.Verdict), Sureness: table.Sureness(f.Verdict), Summary: esc(f.Summary, longText),
	}
	for _, s := range []string{string(f.Kind), f.Technique, strings.TrimSuffix(f.Service+"/"+f.Function, "/"), f.Name} {
		if s != "" {
			v.Head = append(v.Head, esc(s, shortText))
		}
	}
	v.Facts = findingFacts(f)
	v.For, v.Against = c.evidence(f.For), c.evidence(f.Against)
	v.Unfit = max(len(f.For)-maxEvidence, 0) + max(len(f.Against)-maxEvidence, 0)
	for _, code := range f.RuledOut {
		v.RuledOut = append(v.RuledOut, esc(explain.CauseText(code, true), longText))
	}
	for _, code := range f.NotRuledOut {
		v.Possible = append(v.Possible, esc(explain.CauseText(code, false), longText))
	}
	told := map[string]bool{}
	for _, m := range f.Missing {
		told[string(m.Code)] = true
		v.Missing = append(v.Missing, missingView{esc(explain.Spell(string(m.Code)), shortText), esc(m.Text, longText), esc(m.Settles, longText)})
	}
	for _, b := range f.Blind {
		if !told[b] {
			v.Blind = append(v.Blind, pairView{esc(explain.Spell(b), shortText), explain.BlindSentence(b)})
		}
	}
	v.Filter, v.NoFilter = c.filter(f)
	c.showPackets(v, raw, left)
	v.Names = c.names(raw)
	v.Plots = c.plots(v.Ref, raw, left)
	return v
}

// findingFacts are where and when it was, and whose.
func findingFacts(f *finding.Finding) []pairView {
	var out []pairView
	add := func(head, text string) {
		if text != "" {
			out = append(out, pairView{head, esc(text, longText)})
		}
	}
	if f.Client != nil && f.Server != nil {
		add("Flow", fmt.Sprintf("%s %s to %s", f.Proto, endpoint(f.Client), endpoint(f.Server)))
	}
	if n := len(f.Flows); n > 1 {
		add("Flows", strings.Join(f.Flows[:min(n, maxIDs)], " ")+moreOf(n, maxIDs))
	}
	add("Where", explain.Where(f))
	add("When", f.From.UTC().Format("2006-01-02T15:04:05.000000Z")+" to "+f.To.UTC().Format("15:04:05.000000Z"))
	if f.Stage != "" {
		add("Stage", strings.TrimSuffix(f.Stage+": "+f.Signature, ": "))
	}
	if f.BenignCause != "" {
		add("Cause", explain.Means(f.BenignCause))
	}
	if f.ConsistentWith != "" {
		add("Like", "consistent with "+f.ConsistentWith+": a make of packets, not an owner")
	}
	if f.Survived {
		add("Survived", "it did not keep the flow, or its user, from what it wanted")
	}
	if t := f.Trigger; t != nil {
		add("Hangs on", fmt.Sprintf("%s %s: with it %d failed and %d worked, without it %d failed and %d worked (p %.2g)",
			t.By, t.Value, t.With[0], t.With[1], t.Other[0], t.Other[1], t.P))
	}
	add("Kernel", f.Reason)
	if n := len(f.Controls); n > 0 {
		add("Compared with", strings.Join(f.Controls[:min(n, maxIDs)], " ")+moreOf(n, maxIDs))
	}
	return out
}

// endpoint writes an address and, where it is known, the port.
func endpoint(e *finding.Endpoint) string {
	if e.Port == 0 {
		return e.IP.String()
	}
	return fmt.Sprintf("%s port %d", e.IP, e.Port)
}

func moreOf(n, shown int) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf(" and %d more", n-shown)
}

func (c *Capture) evidence(list []finding.Evidence) []evidenceView {
	var out []evidenceView
	for i := range list[:min(len(list), maxEvidence)] {
		e := &list[i]
		out = append(out, evidenceView{
			Code: esc(e.Code, 40), Class: explain.ClassWord(e.Class), Family: esc(string(e.Family), 40), Text: esc(e.Text, longText),
			Got: esc(e.Got, shortText), Want: esc(e.Want, shortText), Packets: c.packetViews(e.Packets, maxRefs), More: max(len(e.Packets)-maxRefs, 0),
		})
	}
	return out
}

func (c *Capture) packetViews(nums []uint64, most int) []packetView {
	var out []packetView
	for _, n := range nums[:min(len(nums), most)] {
		out = append(out, packetView{n, c.ref(n)})
	}
	return out
}

// filter is a display filter to paste, or why there is none.
func (c *Capture) filter(f *finding.Finding) (filter, why string) {
	switch {
	case f.Filter == "":
		return "", ""
	case c.meta.Backend != "":
		return "", "a live capture numbers its packets by itself: no display filter shows them"
	case c.meta.Locate == nil:
		return esc(f.Filter, 4*longText), ""
	}
	if local := report.LocalFilter(f.Filter, c.meta.Locate); local != "" {
		return esc(local, 4*longText), ""
	}
	return "", "its packets are in several files: no one filter shows them"
}

// showPackets adds the ladders of a finding's flows, and lists what they do not show.
func (c *Capture) showPackets(v *findingView, f *finding.Finding, left *budget) {
	drawn := map[uint64]bool{}
	ids := c.concerned(f)
	var plain *shownLadder // the first of those in which nothing is marked
	for _, id := range ids {
		l := c.ladders[id]
		if l == nil || c.unread != "" || len(l.all()) == 0 {
			continue
		}
		if !slices.ContainsFunc(l.rows, func(r rowOf) bool { return r.Gap == nil && slices.Contains(f.Packets, r.Num) }) {
			if plain == nil {
				plain = l
			}
			continue
		}
		c.addLadder(v, f, id, l, left, drawn)
	}
	if len(v.Ladders) == 0 && plain != nil {
		c.addLadder(v, f, plain.ladder.ID, plain, left, drawn)
	}
	var rest []uint64
	for _, n := range f.Packets {
		if !drawn[n] {
			rest = append(rest, n)
		}
	}
	if !c.live { // else evidence has their numbers
		v.Elsewhere, v.ElsewhereMore = c.packetViews(rest, maxRest), max(len(rest)-maxRest, 0)
	}
	if len(v.Ladders) == 0 && v.NoLadder == "" {
		v.NoLadder = c.noLadder(ids)
	}
}

func (c *Capture) noLadder(ids []fact.FlowID) string {
	switch {
	case c.live:
		return ""
	case c.unread != "":
		return "Its packets are not shown: " + esc(c.unread, longText) + "."
	case len(ids) == 0:
		return "It is about no one flow whose packets could be shown."
	}
	return "None of its packets was met again."
}

func (c *Capture) addLadder(v *findingView, f *finding.Finding, id fact.FlowID, l *shownLadder, left *budget, drawn map[uint64]bool) {
	lv := c.ladder(v.Ref, f, id, l)
	if len(lv.Rows) > left.rows {
		v.NoLadder = "The page has no room for more packets: analyze --explain " + v.ID + " shows these."
		return
	}
	left.rows -= len(lv.Rows)
	v.Ladders = append(v.Ladders, lv)
	for i := range lv.Rows {
		if lv.Rows[i].Marked {
			drawn[lv.Rows[i].Num] = true
		}
	}
}

// places are where on the page findings are, by id.
func (v *findingsView) places() map[string]string {
	out := map[string]string{}
	for _, g := range slices.Concat(v.Accusing, v.Open) {
		for _, f := range g.Full {
			out[f.ID] = f.Ref
		}
		for _, l := range g.Lines {
			out[l.ID] = l.Ref
		}
	}
	return out
}
