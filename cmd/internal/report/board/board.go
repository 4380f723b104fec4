package board

import (
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

// pause is between two drawings that nobody asked for, packet time: the eye
// follows no faster.
const pause = time.Second

// Options says where and how a table is drawn.
type Options struct {
	Size  func() (columns, rows int) // of the terminal, asked before each drawing
	Color bool
}

// Board is a table on a terminal. Make one with [New]. All methods may be called
// from any goroutine, those of the report as of any other.
type Board struct {
	then report.Report
	opt  Options

	mu       sync.Mutex
	screen   screen
	meta     report.Meta
	now      Moment
	drawn    time.Time // packet time
	stale    bool      // something was asked for since
	services []*answer.Service
	groups   groups
	flows    [maxFlows]string // lines of the newest, a ring
	sum      int              // of flows
	hasKeys  bool
	withList bool
	withHelp bool
	over     bool
}

var _ report.Report = (*Board)(nil)

// New returns a Board that draws on w, a terminal, and hands everything on to then.
func New(w io.Writer, opt Options, then report.Report) *Board {
	return &Board{then: then, opt: opt, screen: screen{w: w}}
}

// Begin implements report.Report.
func (b *Board) Begin(m *report.Meta) error {
	b.mu.Lock()
	b.meta = *m
	b.mu.Unlock()
	return b.then.Begin(m)
}

// Reached takes how far the capture has got, and draws if it is time.
func (b *Board) Reached(m Moment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = m
	if b.stale || b.drawn.IsZero() || m.Now.Sub(b.drawn).Abs() >= pause {
		b.draw()
	}
}

// Flow implements report.Report.
func (b *Board) Flow(f *fact.Flow, findings []string) error {
	line := table.FlowLine(f, findings)
	b.mu.Lock()
	b.flows[b.sum%maxFlows] = line
	b.sum++
	b.mu.Unlock()
	return b.then.Flow(f, findings)
}

// Finding implements report.Report.
func (b *Board) Finding(f *finding.Finding) error {
	b.mu.Lock()
	b.groups.add(f)
	b.mu.Unlock()
	return b.then.Finding(f)
}

// Service implements report.Report.
func (b *Board) Service(s *answer.Service) error {
	kept := *s
	b.mu.Lock()
	i := slices.IndexFunc(b.services, func(old *answer.Service) bool { return old.Service == s.Service })
	switch {
	case i >= 0:
		b.services[i] = &kept
	case len(b.services) < maxServices:
		b.services = append(b.services, &kept)
		slices.SortFunc(b.services, func(x, y *answer.Service) int { return strings.Compare(x.Service, y.Service) })
	}
	b.mu.Unlock()
	return b.then.Service(s)
}

// End wipes the table, for the screen that comes instead of it.
func (b *Board) End(s *classify.Stats) error {
	b.Leave()
	return b.then.End(s)
}

// HasKeys says that somebody can press keys, so that the table names them.
func (b *Board) HasKeys() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hasKeys = true
}

// Key does what a key stands for: f shows or hides the newest flows, ? says what
// the keys are. It is seen when the capture has got on, at the latest a moment
// later.
func (b *Board) Key(k byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch k {
	case 'f':
		b.withList = !b.withList
	case '?':
		b.withHelp = !b.withHelp
	default:
		return
	}
	b.stale = true
}

// Aside has do write to the terminal, above the table.
func (b *Board) Aside(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.screen.wipe()
	do()
	if !b.drawn.IsZero() {
		b.draw()
	}
}

// Leave wipes the table; nothing is drawn after it. It may be called again.
func (b *Board) Leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.screen.wipe()
	b.over = true
}

// draw brings the terminal up to date. The lock is held.
func (b *Board) draw() {
	if b.over {
		return
	}
	b.drawn, b.stale = b.now.Now, false
	columns, rows := b.opt.Size()
	b.screen.show(b.view(columns-1, rows-1), columns, rows) // what fills a line, or all lines, may scroll
}
