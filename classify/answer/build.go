package answer

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// maxRecords bounds the flows whose outcome is remembered in case a finding about
// them comes later: those that ended last. Flows that a finding names are kept
// beyond it, at most maxAccused.
const (
	maxRecords = 16384
	maxAccused = 65536
)

// Brief is what an unsuspicious flow of no known service leaves behind.
type Brief struct {
	Server  netip.Addr
	Name    string // foreign text
	Worked  bool
	OpensNs int64 // handshake time, 0 not seen
	PeakBps float64
}

// recordKey names an outcome: a flow, or what a flow asked about one name.
type recordKey struct{ flow, service, name string }

// record is the outcome of one flow, or of its queries for one name.
type record struct {
	function string
	place    string
	client   netip.Addr
	at       int64
	outcome  outcome
	stage    stage
	spare    bool
	own      bool
	queries  int // 0: not a DNS exchange
	denied   int // of them
}

// Builder adds up flows and findings to the answer per service.
type Builder struct {
	rules    rules
	expect   []string
	services map[string]*seen
	ledger   Ledger
	records  map[recordKey]record
	recent   []recordKey         // a ring of the last maxRecords of them
	oldest   int                 // in it, when it is full
	accused  map[string]struct{} // flow ids that standing findings name
	unasked  map[string]struct{} // flow ids of attempts that nobody made to use the service
	others   others
}

// NewBuilder returns a Builder that answers for expect even when nothing of
// them was seen.
func NewBuilder(r *service.Rules, expect []string) *Builder {
	if r == nil {
		r = service.Default()
	}
	return newBuilder(r, expect)
}

// Clone returns a builder that goes on from here without changing b, until b is
// changed. It takes flows of services only; findings it shares.
func (b *Builder) Clone() *Builder {
	c := *b
	c.services = make(map[string]*seen, len(b.services))
	for id, s := range b.services {
		k := s.clone()
		k.opens.values = slices.Clone(s.opens.values)
		c.services[id] = k
	}
	c.records, c.recent = maps.Clone(b.records), slices.Clone(b.recent)
	return &c
}

// Reload goes on with other rules.
func (b *Builder) Reload(r *service.Rules) { b.rules = r }

func newBuilder(r rules, expect []string) *Builder {
	return &Builder{
		rules: r, expect: expect,
		services: map[string]*seen{},
		records:  map[recordKey]record{}, accused: map[string]struct{}{}, unasked: map[string]struct{}{},
	}
}

// Flow adds a flow that ended.
func (b *Builder) Flow(f *fact.Flow) {
	if f.Twin != 0 {
		return // counted already
	}
	if len(f.DNS) > 0 {
		b.exchanges(f)
		return
	}
	a := judge(f)
	if f.Label.Service == "" {
		rtt, _ := opens(f)
		b.others.add(party(f.Name(), f.Key.DstAddr()), a.outcome, rtt, f.Sides[fact.Down].PeakBps)
		return
	}
	s := b.seen(f.Label.Service, f.Label.Family)
	s.flows++
	s.add(f, a)
	b.remember(f, recordKey{service: f.Label.Service},
		record{function: normal(f.Label.Function), place: f.Label.Place, client: f.Key.SrcAddr(), at: f.Start,
			outcome: a.outcome, stage: a.stage, spare: a.spare, own: a.own})
}

// exchanges adds the queries of a DNS flow, each to the service whose name it
// asks for.
func (b *Builder) exchanges(f *fact.Flow) {
	touched := map[string]struct{}{}
	for i := range f.DNS {
		d := &f.DNS[i]
		label := b.label(f, d)
		if label.Service == "" {
			continue
		}
		s := b.seen(label.Service, label.Family)
		if _, ok := touched[label.Service]; !ok {
			touched[label.Service] = struct{}{}
			s.flows++
		}
		o := judgeName(d, b.rules)
		s.tally(label.Function).name(o, d.QName, d.Query.Time)
		if at := s.place(label.Place); at != nil {
			at.name(o, d.QName, d.Query.Time)
		}
		s.client(f.Key.SrcAddr(), o == failed)
		key := recordKey{f.ID.String(), label.Service, d.QName}
		r := b.records[key]
		r.function, r.place, r.client, r.queries = normal(label.Function), label.Place, f.Key.SrcAddr(), r.queries+1
		if r.at == 0 {
			r.at = d.Query.Time
		}
		if o == failed {
			r.denied++
		}
		b.remember(f, key, r)
	}
}

// label names the service of one query. The flow's own label is that of its
// only name.
func (b *Builder) label(f *fact.Flow, d *fact.DNS) service.Label {
	if len(f.DNS) == 1 && f.DNSMore == 0 && f.Label.Service != "" {
		return f.Label
	}
	return b.rules.Classify(&service.Evidence{QName: d.QName})
}

// remember keeps an outcome, and forgets the oldest that nobody asked for.
func (b *Builder) remember(f *fact.Flow, key recordKey, r record) {
	key.flow = f.ID.String()
	_, known := b.records[key]
	b.records[key] = r
	switch {
	case known:
		return
	case len(b.recent) < maxRecords:
		b.recent = append(b.recent, key)
		return
	}
	if old := b.recent[b.oldest]; !b.isAccused(old.flow) {
		delete(b.records, old)
	}
	b.recent[b.oldest] = key
	b.oldest = (b.oldest + 1) % maxRecords
}

func (b *Builder) isAccused(flow string) bool {
	_, ok := b.accused[flow]
	return ok
}

// recall finds the outcome that a finding is about.
func (b *Builder) recall(f *finding.Finding, flow string) (recordKey, record, bool) {
	key := recordKey{flow: flow, service: f.Service}
	r, ok := b.records[key]
	if !ok && f.Name != "" {
		key.name = strings.ToLower(f.Name)
		r, ok = b.records[key]
	}
	return key, r, ok
}

func (b *Builder) seen(id, family string) *seen {
	s := b.services[id]
	if s == nil {
		s = newSeen()
		b.services[id] = s
	}
	if s.family == "" {
		s.family = family
	}
	return s
}

// Other adds a flow of no known service that nothing was wrong with.
func (b *Builder) Other(f Brief) {
	o := open
	if f.Worked {
		o = worked
	}
	b.others.add(party(f.Name, f.Server), o, float64(f.OpensNs)/1e6, f.PeakBps)
}

// Finding adds a finding, or replaces an earlier revision of it. Revisions are
// expected in their order.
func (b *Builder) Finding(f *finding.Finding) {
	b.excuse(f)
	if !b.ledger.Add(f) || f.Verdict.Rank() < finding.Suspected.Rank() {
		return
	}
	for _, id := range f.Flows {
		if len(b.accused) < maxAccused {
			b.accused[id] = struct{}{}
		}
	}
}

// Others sums up what belongs to no known service.
func (b *Builder) Others() Others {
	o := b.others.sum()
	o.Controls = o.Worked
	for _, s := range b.services {
		if t := s.total(); t.worked > 0 {
			o.Controls++
		}
	}
	return o
}

// Services returns the answers, sorted by service id.
func (b *Builder) Services(w *fact.World) []Service {
	standing := b.ledger.Standing()
	views := b.accuse(standing)
	for _, id := range b.expect {
		if views[id] == nil {
			views[id] = newSeen()
		}
	}
	for _, f := range standing {
		if f.Service != "" && views[f.Service] == nil {
			views[f.Service] = newSeen()
		}
	}
	parties := b.others.sum().Worked
	out := make([]Service, 0, len(views))
	all := make([]*view, 0, len(views))
	for _, id := range slices.Sorted(maps.Keys(views)) {
		v := b.view(id, views, standing, w)
		v.controls = parties + b.otherServices(id, v.mainTotal.firstFail, views)
		all = append(all, v)
	}
	for _, v := range all {
		v.unaffected = unaffected(v, all)
		out = append(out, v.answer())
	}
	return out
}

// accuse copies what was seen and counts as failed what findings say was cut.
func (b *Builder) accuse(standing []*finding.Finding) map[string]*seen {
	views := make(map[string]*seen, len(b.services))
	for id, s := range b.services {
		views[id] = s.clone()
	}
	b.leaveOut(views)
	done := map[recordKey]struct{}{}
	for _, f := range standing {
		if !cuts(f) || f.Survived {
			continue
		}
		for _, id := range f.Flows {
			key, r, known := b.recall(f, id)
			if _, again := done[key]; again || !known {
				continue
			}
			done[key] = struct{}{}
			s := views[key.service]
			s.tally(r.function).accuse(key.name, r)
			if at := s.places[r.place]; at != nil {
				at.accuse(key.name, r)
			}
			s.client(r.client, true)
		}
	}
	return views
}
