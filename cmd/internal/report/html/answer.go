package html

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report/packets"
	"chokepoint/cmd/internal/report/table"
)

// sectionView is one capture of the page. All of its texts are fit to show.
type sectionView struct {
	Prefix   string // of the ids of its parts
	Tool     string
	Name     string
	Headline string
	Calm     bool // nothing is in trouble
	Facts    []string
	Vantage  string
	Notes    []string
	LeftOut  []string
	Cards    []cardView
	Several  bool // captures on the page
	Many     bool // so many cards that those of what works say less
	Others   string
	Beside   []sayingView
	Path     *sayingView
	Next     []string
	Recipe   string
	Lacks    []pairView
	Good     string
	Untried  []string
	LetGo    []pairView
	Files    []pairView
	Timeline *timelineView
	Findings *findingsView
	Flows    *flowsView
}

type pairView struct{ Head, Text string }

// cardView is one service's answer.
type cardView struct {
	Status    string // class: ok, blocked, ...
	Name      string
	Word      string
	Because   string
	Sentence  string
	Failing   string
	Figures   []string // how much was tried, and how it did
	Since     string
	SinceISO  string
	Sure      string // how sure the surest finding is
	Functions []chipView
	Places    []chipView
	Sayings   []sayingView
	More      []pairView
}

// chipView is something with how it does.
type chipView struct{ Name, Word, State string }

type sayingView struct{ Label, Text, ID, Sureness string }

// retold is what the screen would say, of redacted records where that is asked for: a
// sentence that counts, compares and orders them says the same either way.
func (c *Capture) retold() *table.Told {
	r := table.New(io.Discard, table.Options{})
	meta, stats := c.meta, *c.stats
	red := c.redact
	if red != nil {
		meta, stats = *red.Meta(&meta), *red.Stats(&stats)
	}
	_ = r.Begin(&meta) // it only keeps what it is given
	for _, s := range c.services {
		if red != nil {
			s = red.Service(s)
		}
		_ = r.Service(s)
	}
	for _, f := range c.ledger.Standing() {
		if red != nil {
			f = red.Finding(f)
		}
		_ = r.Finding(f)
	}
	c.nameClients(r)
	return r.Told(&stats)
}

// nameClients tells whose capture it is.
func (c *Capture) nameClients(r *table.Report) {
	if a := c.clients.first; a.IsValid() {
		if red := c.redact; red != nil {
			a = red.Addr(a)
		}
		r.SeenClient(a)
	}
	if c.clients.other.IsValid() {
		r.SeenClient(c.clients.other) // only that there are several is told
	}
}

// section lays one capture out. It may be asked again.
func (c *Capture) section(left *budget) *sectionView {
	c.want()
	if c.redact != nil { // the capture begins with its first packet, whatever is told of first
		c.redact.Time(c.stats.First)
	}
	told := c.retold()
	v := &sectionView{Prefix: prefix(c.index), Tool: esc(strings.TrimSpace(c.meta.Tool+" "+c.meta.Version), shortText), Name: esc(told.Name, shortText)}
	c.answer(v, told)
	v.Timeline = c.timeline(v.Prefix, told)
	v.Findings = c.findings(v.Prefix, told, left)
	v.Flows = c.flowTable(left.flows, v.Findings.places())
	return v
}

// prefix tells the ids of several captures on one page apart.
func prefix(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("s%d-", i+1)
}

// answer fills in the first screen.
func (c *Capture) answer(v *sectionView, told *table.Told) {
	v.Facts, v.Vantage, v.Notes = escAll(told.Facts), esc(told.Vantage, longText), escAll(told.Notes)
	v.LeftOut, v.Others = escAll(told.LeftOut), esc(told.Others, longText)
	v.Next, v.Recipe = escAll(told.Next), told.Recipe
	v.Lacks, v.Good, v.Untried, v.LetGo = pairs(told.Lacks), told.Good, escAll(told.Untried), pairs(told.LetGo)
	v.Headline, v.Calm = headline(told)
	for i := range told.Services {
		v.Cards = append(v.Cards, card(&told.Services[i]))
	}
	v.Many = len(v.Cards) > maxCards
	for _, s := range told.Beside {
		v.Beside = append(v.Beside, saying(s))
	}
	if told.Path != nil {
		p := saying(*told.Path)
		v.Path = &p
	}
	if c.meta.Locate != nil {
		meta := c.meta
		if red := c.redact; red != nil {
			meta = *red.Meta(&meta)
		}
		for i, f := range meta.Files {
			v.Files = append(v.Files, pairView{letters(i), esc(f.Name, shortText)})
		}
	}
}

// headline is the first sentence of the page, and whether it is a calm one.
func headline(told *table.Told) (string, bool) {
	if told.Verdict != "" {
		return esc(told.Verdict, longText), len(told.Beside) == 0
	}
	var words, parts []string
	names := map[string][]string{}
	for i := range told.Services {
		s := &told.Services[i]
		if s.Status == answer.OK || s.Status == answer.Unseen {
			continue
		}
		if names[s.Word] == nil {
			words = append(words, s.Word)
		}
		names[s.Word] = append(names[s.Word], esc(s.Name, 40))
	}
	const named = 4 // of each word
	for _, w := range words {
		list := names[w]
		text := w[:1] + strings.ToLower(w[1:]) + ": " + strings.Join(list[:min(len(list), named)], ", ")
		parts = append(parts, text+moreOf(len(list), named))
	}
	return strings.Join(parts, ". ") + ".", false
}

// maxCards is how many cards fit on a screen of 1280 by 800 with all they say.
const maxCards = 12

func card(s *table.ToldService) cardView {
	_, sentence, ok := strings.Cut(s.Sentence, ": ")
	if !ok {
		sentence = s.Sentence
	}
	v := cardView{
		Status: string(s.Status), Name: esc(s.Name, shortText), Word: s.Word, Because: s.Because,
		Sentence: esc(sentence, longText), Failing: s.Failing, Functions: chips(s.Functions), Places: chips(s.Places),
	}
	if s.Word == "LOSSY" {
		v.Status = "degraded"
	}
	if s.Since != nil {
		v.Since, v.SinceISO = s.Since.UTC().Format("2006-01-02 15:04:05Z"), s.Since.UTC().Format(time.RFC3339Nano)
	}
	for _, say := range s.Sayings {
		v.Sayings = append(v.Sayings, saying(say))
		v.Sure = cmp.Or(v.Sure, say.Sureness)
	}
	if s.Status == answer.Failing || s.Status == answer.Inconclusive {
		v.Sure = "" // that it fails is certain, and why is not said
	}
	v.Figures = figures(s)
	for _, p := range []pairView{
		{"Fits", s.Fits}, {"Meanwhile", s.Meanwhile}, {"Where", s.Where}, {"Not shown", s.NotShown},
	} {
		if p.Text != "" {
			v.More = append(v.More, pairView{p.Head, esc(p.Text, longText)})
		}
	}
	return v
}

// figures are how much of a service was tried, and how it did.
func figures(s *table.ToldService) (out []string) {
	if a := s.Attempts; a.Tried > 0 {
		worked := a.Tried - a.Failed - s.Undecided
		out = append(out, fmt.Sprintf("%s of %s worked", table.Number(uint64(max(worked, 0))), packets.Count(a.Tried, "connection")))
	}
	if n := s.Names; n.Failed > 0 {
		out = append(out, fmt.Sprintf("%s of %d answered wrongly or not at all", packets.Count(n.Failed, "name"), n.Tried))
	}
	if s.OpensMs != nil {
		out = append(out, "opens in "+packets.Span(int64(*s.OpensMs*1e6)))
	}
	if s.RateDownBps != nil {
		out = append(out, "up to "+answer.Rate(*s.RateDownBps))
	}
	if s.Loss != nil {
		out = append(out, fmt.Sprintf("loss %.1f\u00a0%%", 100**s.Loss))
	}
	return out
}

// chips parts "chat yes" into what and how it does. Several that share a word are one.
func chips(list []string) []chipView {
	var out []chipView
	for _, s := range list {
		s = esc(s, shortText)
		c := chipView{Name: s, State: "ok"}
		for _, w := range []struct{ word, state string }{
			{"yes", "ok"}, {"no", "bad"}, {"SLOW", "warn"}, {"in part", "warn"}, {"cannot tell", "dim"}, {"not tried", "dim"},
		} {
			if name, ok := strings.CutSuffix(s, " "+w.word); ok {
				c = chipView{name, w.word, w.state}
			}
		}
		out = append(out, c)
	}
	return out
}

func saying(s table.ToldSaying) sayingView {
	return sayingView{s.Label, esc(s.Text, longText), esc(s.ID, 12), s.Sureness}
}

func escAll(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, esc(s, longText))
	}
	return out
}

func pairs(list [][2]string) []pairView {
	var out []pairView
	for _, p := range list {
		out = append(out, pairView{esc(p[0], shortText), esc(p[1], longText)})
	}
	return out
}
