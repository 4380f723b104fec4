package board

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

// Lines tells a live capture line by line: a service when its state changes,
// findings alike the first time and whenever they have doubled, losses of the
// capture when there are more. Make one with [NewLines].
type Lines struct {
	then report.Report

	mu       sync.Mutex // how far it has got comes from another goroutine
	w        io.Writer
	now      Moment
	lossy    Moment // the losses that were told
	groups   groups
	services map[string]string // the state that was told
	spoken   bool
}

var _ report.Report = (*Lines)(nil)

// NewLines returns Lines that writes to w, and hands everything on to then.
func NewLines(w io.Writer, then report.Report) *Lines {
	return &Lines{w: w, then: then, services: map[string]string{}}
}

// Reached takes how far the capture has got. It may be called from any goroutine.
func (l *Lines) Reached(m Moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = m
}

// Health tells what was lost of the capture, if that has grown. Call it about
// every interval; it may be called from any goroutine.
func (l *Lines) Health() {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.now
	if m.Lost == l.lossy.Lost && m.Unseen == l.lossy.Unseen {
		return
	}
	text := fmt.Sprintf("lost %s of %s packets", table.Number(m.Lost), table.Number(m.Lost+m.Packets))
	if m.Unseen > 0 {
		text += fmt.Sprintf(", %s more counted and not looked at", table.Number(m.Unseen))
	}
	l.lossy = m
	_ = l.say("capture  " + text) // whoever tells the next event comes to know of a writer that fails
}

// say writes one line of escaped text. The lock is held.
func (l *Lines) say(text string) error {
	l.spoken = true
	_, err := fmt.Fprintf(l.w, "%s  %s\n", clock(l.now.Now), text)
	return err
}

// Begin implements report.Report.
func (l *Lines) Begin(m *report.Meta) error { return l.then.Begin(m) }

// Flow implements report.Report.
func (l *Lines) Flow(f *fact.Flow, findings []string) error { return l.then.Flow(f, findings) }

// Finding tells a finding unless it is one of many alike.
func (l *Lines) Finding(f *finding.Finding) error {
	if err := l.finding(f); err != nil {
		return err
	}
	return l.then.Finding(f)
}

func (l *Lines) finding(f *finding.Finding) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	grown, lost := l.groups.add(f)
	if lost != nil && grown == nil {
		return l.say("finding " + head(lost, f.ID) + "  taken back: " + takenBack(f))
	}
	if grown == nil || grown.count() < 2*grown.told {
		return nil
	}
	grown.told = grown.count()
	text := "finding " + head(grown, f.ID) + "  " + report.Text(grown.summary)
	if grown.count() > 1 {
		text += "  " + grown.size()
	}
	return l.say(text)
}

// head begins a finding's line: f7 sure reset.injected whatsapp.
func head(g *group, id string) string {
	return strings.TrimRight(strings.Join([]string{report.Text(id), g.class, string(g.kind), report.Text(g.about)}, " "), " ")
}

func takenBack(f *finding.Finding) string {
	if f.Verdict == finding.Benign {
		return report.Text(strings.ReplaceAll(f.BenignCause, "_", " "))
	}
	return table.Sureness(f.Verdict)
}

// Service tells an answer whose state is another than what was told. The figures
// in its sentence are no state: they move all the time.
func (l *Lines) Service(s *answer.Service) error {
	if err := l.service(s); err != nil {
		return err
	}
	return l.then.Service(s)
}

func (l *Lines) service(s *answer.Service) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := stateOf(s)
	if l.services[s.Service] == state {
		return nil
	}
	if _, known := l.services[s.Service]; !known && len(l.services) >= maxServices {
		return nil
	}
	l.services[s.Service] = state
	return l.say(fmt.Sprintf("%s  %s  %s", report.Text(s.Service), table.StatusWord(s), report.Text(s.Sentence)))
}

func stateOf(s *answer.Service) string {
	parts := []string{table.StatusWord(s), s.Cause}
	for _, f := range slices.Sorted(maps.Keys(s.Functions)) {
		parts = append(parts, f+"="+s.Functions[f])
	}
	return strings.Join(parts, " ")
}

// End implements report.Report; an empty line comes before the end.
func (l *Lines) End(s *classify.Stats) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spoken {
		if _, err := io.WriteString(l.w, "\n"); err != nil {
			return err
		}
	}
	return l.then.End(s)
}
