package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/html"
)

// What is shown of findings: those of about the time that the answers so far are about,
// ten to twenty minutes, and of them so many that a page stays below a megabyte.
const (
	lately     = 20 * time.Minute
	maxSure    = 128 // likely and confirmed
	maxUnsure  = 48
	renderRest = time.Second // between two renderings, however many ask
)

// pageScript puts new parts into the page.
//
//go:embed page.js
var pageScript string

// Page is the live page: a report that hands everything on to another, and shows the
// answers so far and the newest findings. Its methods may be called from any goroutine,
// those of the report as of any other.
type Page struct {
	then   report.Report
	source func() capture.Stats

	mu       sync.Mutex
	meta     report.Meta
	told     []*answer.Service // since the figures were counted last
	services []*answer.Service // of the last round
	counted  *classify.Stats
	sure     shown
	unsure   shown
	version  uint64 // of all of that

	rendering sync.Mutex // one at a time: they share what they show
	parts     *html.Parts
	state     string
	of        uint64 // version rendered
	at        time.Time
}

var (
	_ report.Report = (*Page)(nil)
	_ Renderer      = (*Page)(nil)
)

// NewPage returns a Page; source says what was captured so far, and is called from any
// goroutine.
func NewPage(source func() capture.Stats, then report.Report) *Page {
	return &Page{then: then, source: source, sure: shown{most: maxSure}, unsure: shown{most: maxUnsure}, version: 1}
}

// Begin implements report.Report.
func (p *Page) Begin(m *report.Meta) error {
	p.change(func() { p.meta = *m })
	return p.then.Begin(m)
}

// Flow implements report.Report.
func (p *Page) Flow(f *fact.Flow, findings []string) error { return p.then.Flow(f, findings) }

// Finding implements report.Report.
func (p *Page) Finding(f *finding.Finding) error {
	kept := *f
	p.change(func() {
		to, from := &p.unsure, &p.sure
		if f.Verdict.Rank() >= finding.Likely.Rank() {
			to, from = from, to
		}
		from.drop(f.ID)
		to.drop(f.ID)
		if f.Verdict != finding.Withdrawn {
			to.add(&kept)
		}
	})
	return p.then.Finding(f)
}

// Service implements report.Report.
func (p *Page) Service(s *answer.Service) error {
	kept := *s
	p.mu.Lock()
	p.told = append(p.told, &kept)
	p.mu.Unlock()
	return p.then.Service(s)
}

// Counted takes what was counted so far, as classify.Options.Counted, and ends a round of
// answers.
func (p *Page) Counted(s *classify.Stats) {
	kept := *s
	p.change(func() {
		p.counted, p.services, p.told = &kept, p.told, nil
		p.sure.forget(s.Last)
		p.unsure.forget(s.Last)
	})
}

// End implements report.Report.
func (p *Page) End(s *classify.Stats) error {
	p.Counted(s)
	return p.then.End(s)
}

func (p *Page) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	p.version++
}

// snapshot is what stands now.
func (p *Page) snapshot() (s html.Snapshot, version uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	meta := p.meta
	s = html.Snapshot{Meta: &meta, Services: slices.Clone(p.services), Findings: slices.Concat(p.sure.list(), p.unsure.list())}
	if p.counted != nil {
		stats := *p.counted
		if first := stats.Last.Add(-lately); stats.First.Before(first) {
			stats.First = first // what is shown is of no longer
		}
		s.Stats = &stats
	}
	return s, p.version
}

// render brings the parts up to date. It is not done more often than anybody can read,
// however many ask: the processor is the capture's.
func (p *Page) render() (*html.Parts, string, error) {
	p.rendering.Lock()
	defer p.rendering.Unlock()
	s, version := p.snapshot()
	if p.parts != nil && (version == p.of || time.Since(p.at) < renderRest) {
		return p.parts, p.state, nil
	}
	state := "live, nothing counted so far"
	if s.Stats != nil {
		s.Stats.Source = p.source()
		state = "live, as of " + s.Stats.Last.UTC().Format("15:04:05Z")
	}
	parts, err := s.Render()
	if err != nil {
		return nil, "", err
	}
	p.parts, p.state, p.of, p.at = parts, state, version, time.Now()
	return parts, state, nil
}

// Page implements Renderer.
func (p *Page) Page() (document []byte, policy string, err error) {
	parts, _, err := p.render()
	if err != nil {
		return nil, "", err
	}
	return html.Live(p.title(), parts, pageScript)
}

func (p *Page) title() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, f := range p.meta.Files {
		names = append(names, f.Name)
	}
	return strings.Join(append(names, "chokepoint"), " · ")
}

// update is what the script of the page reads. The parts are safe to be put into a page.
type update struct {
	State    string `json:"state"`
	Answer   string `json:"answer"`
	Timeline string `json:"timeline"`
	Findings string `json:"findings"`
	Unseen   string `json:"unseen"`
}

// Update implements Renderer.
func (p *Page) Update() ([]byte, error) {
	parts, state, err := p.render()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(update{state, string(parts.Answer), string(parts.Timeline), string(parts.Findings), string(parts.Unseen)})
	if err != nil {
		return nil, fmt.Errorf("encode parts: %w", err)
	}
	return b, nil
}

// shown are the newest findings of a kind, each as it was told last.
type shown struct {
	most int
	turn uint64
	by   map[string]kept
}

type kept struct {
	*finding.Finding        // never changed
	turn             uint64 // when it was told last
}

// add keeps a finding; of too many the one that was told of longest ago goes.
func (s *shown) add(f *finding.Finding) {
	if s.by == nil {
		s.by = map[string]kept{}
	}
	if len(s.by) >= s.most {
		oldest := ""
		for id, k := range s.by {
			if oldest == "" || k.turn < s.by[oldest].turn {
				oldest = id
			}
		}
		delete(s.by, oldest)
	}
	s.turn++
	s.by[f.ID] = kept{f, s.turn}
}

func (s *shown) drop(id string) { delete(s.by, id) }

// forget drops what speaks of long ago.
func (s *shown) forget(now time.Time) {
	maps.DeleteFunc(s.by, func(_ string, k kept) bool { return now.Sub(k.To) > lately })
}

// list has them in the order in which they were told.
func (s *shown) list() []*finding.Finding {
	all := slices.SortedFunc(maps.Values(s.by), func(a, b kept) int { return int(int64(a.turn) - int64(b.turn)) })
	out := make([]*finding.Finding, len(all))
	for i, k := range all {
		out[i] = k.Finding
	}
	return out
}
