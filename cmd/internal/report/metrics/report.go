package metrics

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// Source is what a capture has delivered so far.
type Source struct {
	capture.Stats
	Last time.Time // of the newest packet, zero before the first
	Now  time.Time // packet time reached, which goes on without packets too
}

// Options says what is told of.
type Options struct {
	Rules *service.Rules // whose services and functions labels may have
	// Source says how far the capture has got. It is called from any goroutine; nil:
	// nothing is told of that.
	Source func() Source
}

// Report keeps the figures. Make one with [New]. [Report.Gather] may be called from
// any goroutine, the others as those of any report: neither waits for the other for
// longer than it takes to copy a few hundred pointers.
type Report struct {
	then     report.Report
	opt      Options
	registry *prometheus.Registry
	flows    *flows
	total    *prometheus.CounterVec // findings ever told

	mu       sync.Mutex
	labels   labels
	meta     report.Meta
	told     map[string]*answer.Service // since the figures were counted last
	services map[string]*answer.Service // of the last round; the map is replaced, never changed
	answered time.Time                  // packet time
	counted  classify.Stats
	standing standing
}

var (
	_ report.Report       = (*Report)(nil)
	_ prometheus.Gatherer = (*Report)(nil)
)

// New returns a Report that hands everything on to then.
func New(opt Options, then report.Report) *Report {
	r := &Report{
		then: then, opt: opt, registry: prometheus.NewRegistry(), flows: newFlows(),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chokepoint_findings_total",
			Help: "Findings told. One whose verdict changes later counts again, with the new one."}, findingLabels),
		told: map[string]*answer.Service{},
	}
	r.Know(opt.Rules)
	r.registry.MustRegister(r, r.total, collectors.NewGoCollector())
	r.registry.MustRegister(r.flows.all()...)
	return r
}

// Know takes rules that were read again: their services may be in labels from now
// on. It may be called from any goroutine.
func (r *Report) Know(rules *service.Rules) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.labels.know(rules)
}

// Gather implements prometheus.Gatherer.
func (r *Report) Gather() ([]*dto.MetricFamily, error) { return r.registry.Gather() }

// Begin implements report.Report.
func (r *Report) Begin(m *report.Meta) error {
	r.mu.Lock()
	r.meta = *m
	r.mu.Unlock()
	return r.then.Begin(m)
}

// Flow implements report.Report.
func (r *Report) Flow(f *fact.Flow, findings []string) error {
	r.mu.Lock()
	of, does := r.labels.service(f.Label.Service), r.labels.function(f.Label.Function)
	r.mu.Unlock()
	r.flows.add(f, of, does)
	return r.then.Flow(f, findings)
}

// Finding implements report.Report.
func (r *Report) Finding(f *finding.Finding) error {
	r.mu.Lock()
	k := key{r.labels.service(f.Service), kindOf(f.Kind), verdictOf(f.Verdict)}
	isNew := r.standing.add(f, k)
	r.mu.Unlock()
	if isNew {
		r.total.WithLabelValues(k.service, k.kind, k.verdict).Inc()
	}
	return r.then.Finding(f)
}

// Service implements report.Report.
func (r *Report) Service(s *answer.Service) error {
	kept := *s
	r.mu.Lock()
	if r.labels.knows(s.Service) {
		r.told[s.Service] = &kept
	}
	r.mu.Unlock()
	return r.then.Service(s)
}

// Counted takes what was counted so far, as classify.Options.Counted: it comes after
// the answers of a round. A service that is not among them any more was not seen for
// so long that nothing can be said of it, and what was said does not hold for ever.
func (r *Report) Counted(s *classify.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counted, r.answered = *s, s.Last
	r.services, r.told = r.told, map[string]*answer.Service{}
	r.standing.forget(s.Last)
}

// End implements report.Report.
func (r *Report) End(s *classify.Stats) error {
	r.Counted(s)
	return r.then.End(s)
}

// snapshot is what a scrape tells of, copied so that nobody waits for it.
type snapshot struct {
	meta     report.Meta
	services map[string]*answer.Service
	answered time.Time
	counted  classify.Stats
	findings map[key]int
	labels   func(string) string // of a function
}

func (r *Report) snapshot() snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.labels.functions // replaced, never changed
	return snapshot{
		meta: r.meta, services: r.services, answered: r.answered, counted: r.counted,
		findings: maps.Clone(r.standing.counts),
		labels:   func(f string) string { return among(known, f) },
	}
}
