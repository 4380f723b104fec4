package table

import (
	"io"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// maxFlows bounds the list of flows in the details; the rest is counted.
const maxFlows = 200

// Options says how to tell it.
type Options struct {
	Color   bool // status words in colour: the output is a terminal
	Verbose bool // the evidence of every finding, and the flows
	All     bool // the flows
	Quiet   bool // one sentence per service and nothing else
}

// Report collects a run and prints its screen at the end. Make one with [New].
type Report struct {
	w   io.Writer
	opt Options

	meta     report.Meta
	stats    *classify.Stats
	ledger   answer.Ledger
	services []*answer.Service
	flows    []string // escaped lines
	flowsSum int
	client   netip.Addr // the only one seen
	clients  bool       // there were several
}

var _ report.Report = (*Report)(nil)

// New returns a Report that writes to w.
func New(w io.Writer, opt Options) *Report { return &Report{w: w, opt: opt} }

// Begin takes what was analysed.
func (r *Report) Begin(m *report.Meta) error {
	r.meta = *m
	return nil
}

// Flow keeps the flow's line for the details.
func (r *Report) Flow(f *fact.Flow, findings []string) error {
	r.seenClient(f.Key.SrcAddr())
	r.flowsSum++
	if (r.opt.All || r.opt.Verbose) && len(r.flows) < maxFlows {
		r.flows = append(r.flows, flowLine(f, findings))
	}
	return nil
}

// Finding keeps a finding, or a later revision of it.
func (r *Report) Finding(f *finding.Finding) error {
	if f.Client != nil {
		r.seenClient(f.Client.IP)
	}
	r.ledger.Add(f)
	return nil
}

// SeenClient notes an address that opened a flow, for who does not hand in the flows.
func (r *Report) SeenClient(a netip.Addr) { r.seenClient(a) }

func (r *Report) seenClient(a netip.Addr) {
	switch {
	case !r.client.IsValid():
		r.client = a
	case r.client != a:
		r.clients = true
	}
}

// Service keeps an answer; a later one for the same service replaces it.
func (r *Report) Service(s *answer.Service) error {
	kept := *s
	for i, old := range r.services {
		if old.Service == s.Service {
			r.services[i] = &kept
			return nil
		}
	}
	r.services = append(r.services, &kept)
	return nil
}

// End prints the screen and the details.
func (r *Report) End(s *classify.Stats) error {
	r.stats = s
	t := r.tell()
	if r.opt.Quiet {
		return write(r.w, t.quiet(), r.opt.Color)
	}
	shown, rest := fit(t.screen(), rows)
	if err := write(r.w, shown, r.opt.Color); err != nil {
		return err
	}
	details := t.details(rest)
	if len(details) == 0 {
		return nil
	}
	return write(r.w, details, r.opt.Color)
}

// telling is what a screen is made from.
type telling struct {
	*Report
	groups  []*group // standing, surest first
	letGo   []answer.LetGoCount
	trouble []*answer.Service // does not work, or not well
	fine    []*answer.Service
	unseen  []*answer.Service
}

func (r *Report) tell() *telling {
	t := &telling{Report: r, groups: groupsOf(r.ledger.Standing()), letGo: r.ledger.LetGo()}
	services := slices.Clone(r.services)
	slices.SortStableFunc(services, func(a, b *answer.Service) int { return strings.Compare(a.Service, b.Service) })
	for _, s := range services {
		switch s.Status {
		case answer.OK:
			t.fine = append(t.fine, s)
		case answer.Unseen:
			t.unseen = append(t.unseen, s)
		default:
			t.trouble = append(t.trouble, s)
		}
	}
	slices.SortStableFunc(t.trouble, func(a, b *answer.Service) int { return gravity(a.Status) - gravity(b.Status) })
	return t
}

func gravity(s answer.Status) int {
	return slices.Index([]answer.Status{answer.Blocked, answer.Throttled, answer.Degraded, answer.Failing, answer.Inconclusive}, s)
}

// quiet is one sentence per service.
func (t *telling) quiet() []item {
	var s screen
	if len(t.trouble) == 0 {
		s.text(must, "", 0, t.verdict())
	}
	for _, list := range [][]*answer.Service{t.trouble, t.fine, t.unseen} {
		for _, svc := range list {
			s.text(must, "", 2, svc.Sentence)
		}
	}
	return s.items
}
