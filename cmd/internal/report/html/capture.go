package html

import (
	"slices"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/packets"
)

// Capture is the section of one capture. It is the report of the first pass over it: what
// it keeps is bounded, and what it does not keep it counts.
type Capture struct {
	redact Redactor // nil: everything is shown as it is
	index  int

	meta     report.Meta
	stats    *classify.Stats
	services []*answer.Service
	ledger   answer.Ledger
	clients  seenClients
	ids      map[string]string // of services, as they are shown
	flows    flowList
	busy     map[string]*busyBins // by service, "" of none
	harms    map[string]bool      // by finding: it cut its flows
	dns      map[string][]fact.DNS
	clocks   map[uint32]uint32 // of RTP sources, units per second

	unread   string // why there was no second pass; "" there was, or none was needed
	ladders  map[fact.FlowID]*shownLadder
	traces   map[fact.FlowID]*trace
	media    map[fact.FlowID]*mediaTrace
	buckets  map[string]*bucket       // by finding
	controls map[string][]fact.FlowID // drawn beside its flows, by finding
	wanted   bool
	view     *sectionView // laid out already
	live     bool         // it is a snapshot: there never are packets
}

var _ report.Report = (*Capture)(nil)

// Bounds of what is kept of flows for findings.
const (
	maxAsked  = 512  // flows whose DNS exchanges are kept
	maxClocks = 1024 // RTP sources
	maxBusy   = 128  // services with a timeline
)

// Begin takes what is analysed.
func (c *Capture) Begin(m *report.Meta) error {
	c.meta = *m
	return nil
}

// Flow takes a flow that ended. What is kept of it is small.
func (c *Capture) Flow(f *fact.Flow, findings []string) error {
	c.clients.add(f.Key.SrcAddr())
	c.flows.add(f, findings)
	c.seenBusy(f, findings)
	if len(f.DNS) > 0 && len(findings) > 0 && len(c.dns) < maxAsked {
		if c.dns == nil {
			c.dns = map[string][]fact.DNS{}
		}
		c.dns[f.ID.String()] = keptDNS(f.DNS)
	}
	if f.Call == nil {
		return nil
	}
	for _, way := range f.Call.Ways {
		for i := range way.Sources {
			if s := &way.Sources[i]; s.Clock != 0 && len(c.clocks) < maxClocks {
				if c.clocks == nil {
					c.clocks = map[uint32]uint32{}
				}
				c.clocks[s.SSRC] = s.Clock
			}
		}
	}
	return nil
}

// serviceID is the id of a service as it is shown: those of the user's own are replaced.
func (c *Capture) serviceID(id string) string {
	if c.redact == nil || id == "" {
		return id
	}
	if c.ids[id] == "" {
		if c.ids == nil {
			c.ids = map[string]string{}
		}
		c.ids[id] = c.redact.Service(&answer.Service{Service: id}).Service
	}
	return c.ids[id]
}

// keptDNS makes exchanges outlive the call they came with.
func keptDNS(list []fact.DNS) []fact.DNS {
	out := slices.Clone(list)
	for i := range out {
		out[i].Answers = slices.Clone(out[i].Answers)
		for j := range out[i].Answers {
			a := &out[i].Answers[j]
			a.Addrs, a.Targets = slices.Clone(a.Addrs), slices.Clone(a.Targets)
		}
	}
	return out
}

// Finding takes a finding, or a later revision of it.
func (c *Capture) Finding(f *finding.Finding) error {
	if f.Client != nil {
		c.clients.add(f.Client.IP)
	}
	c.seenHarm(f)
	c.ledger.Add(f)
	return nil
}

// Service takes an answer; a later one for the same service replaces it.
func (c *Capture) Service(s *answer.Service) error {
	kept := *s
	if i := slices.IndexFunc(c.services, func(o *answer.Service) bool { return o.Service == s.Service }); i >= 0 {
		c.services[i] = &kept
		return nil
	}
	c.services = append(c.services, &kept)
	return nil
}

// End takes what the run counted.
func (c *Capture) End(s *classify.Stats) error {
	c.stats = s
	return nil
}

// forget drops what is needed no more once the section is laid out.
func (c *Capture) forget() {
	*c = Capture{redact: c.redact, index: c.index, view: c.view, stats: &classify.Stats{}}
}

// Unread says why the packets of the capture cannot be read a second time; the page then
// says so where they would be. It is a clause: "it came through a pipe".
func (c *Capture) Unread(why string) { c.unread = why }

// Wants ends the first pass: it returns who takes packets in a second one, for
// [packets.NewGather]. Nobody does where nothing was found.
func (c *Capture) Wants() []packets.Taker {
	c.want()
	var out []packets.Taker
	for _, id := range sortedIDs(c.ladders) {
		out = append(out, c.ladders[id].ladder)
	}
	for _, id := range sortedIDs(c.traces) {
		out = append(out, c.traces[id])
	}
	for _, id := range sortedIDs(c.media) {
		out = append(out, c.media[id])
	}
	return out
}
