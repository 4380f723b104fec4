package slice

import (
	"cmp"
	"fmt"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/packets"
)

// Bounds of what is written.
const (
	// maxSlices is how many findings of a capture get a slice, the surest first.
	maxSlices = 100
	// maxFlows is how many flows of one finding are in its slice.
	maxFlows = 4
	// maxKnown is how many flows with findings are remembered; the others are known by
	// their first packet when it passes again.
	maxKnown = 1 << 16
	// maxBytes is how much of one flow is kept, bytes of frames.
	maxBytes = 1 << 20
)

// Hider makes packets and texts fit to be shared.
type Hider interface {
	// Packet returns an IP packet without anything that tells who it is of.
	Packet(p *capture.Packet, payload []byte) []byte
	Text(s string) string
	Nanos(ns int64) int64
}

// Slices is a report of one capture that gathers what to cut out of it. The first run
// tells it what was found, then the packets pass its [Slices.Takers].
type Slices struct {
	hide    Hider
	found   map[string]*finding.Finding // as told last
	flows   map[fact.FlowID]packets.Wanted
	chosen  []*finding.Finding
	cuts    map[string][]*cut // by finding
	leftOut int
}

// New returns slices of a capture; hide is nil to write packets as they were captured.
func New(hide Hider) *Slices {
	return &Slices{hide: hide, found: map[string]*finding.Finding{}, flows: map[fact.FlowID]packets.Wanted{}}
}

// Begin implements [report.Report].
func (*Slices) Begin(*report.Meta) error { return nil }

// Flow implements [classify.Sink].
func (s *Slices) Flow(f *fact.Flow, findings []string) error {
	if len(findings) > 0 && len(s.flows) < maxKnown {
		s.flows[f.ID] = packets.Want(f.ID, f)
	}
	return nil
}

// Finding implements [classify.Sink]. The last revision holds.
func (s *Slices) Finding(f *finding.Finding) error {
	if f.Verdict == finding.Withdrawn {
		delete(s.found, f.ID)
		return nil
	}
	own := *f
	s.found[f.ID] = &own
	if len(s.found) > 2*maxSlices {
		s.shrink()
	}
	return nil
}

// Service implements [classify.Sink].
func (*Slices) Service(*answer.Service) error { return nil }

// End implements [report.Report].
func (s *Slices) End(*classify.Stats) error {
	s.shrink()
	for _, f := range s.found {
		s.chosen = append(s.chosen, f)
	}
	slices.SortFunc(s.chosen, byNumber)
	return nil
}

// shrink keeps the surest findings, of equals the first.
func (s *Slices) shrink() {
	list := make([]*finding.Finding, 0, len(s.found))
	for _, f := range s.found {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *finding.Finding) int {
		return cmp.Or(-cmp.Compare(a.Verdict.Rank(), b.Verdict.Rank()), byNumber(a, b))
	})
	for _, f := range list[min(len(list), maxSlices):] {
		delete(s.found, f.ID)
		s.leftOut++
	}
}

// byNumber orders findings by their ids, which count from f1.
func byNumber(a, b *finding.Finding) int {
	return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}

// LeftOut is how many findings there were beyond those that get a slice.
func (s *Slices) LeftOut() int { return s.leftOut }

// Takers lists what has to see the packets: the capture must pass once more, by
// [packets.NewGather].
func (s *Slices) Takers() []packets.Taker {
	s.cuts = map[string][]*cut{}
	var out []packets.Taker
	for _, f := range s.chosen {
		named := namedBy(f)
		for _, id := range f.Flows[:min(len(f.Flows), maxFlows)] {
			w, ok := s.wanted(id)
			if !ok {
				continue
			}
			c := &cut{Wanted: w, named: named, hide: s.hide}
			s.cuts[f.ID] = append(s.cuts[f.ID], c)
			out = append(out, c)
		}
	}
	return out
}

// wanted is what is known of a flow by its id.
func (s *Slices) wanted(id string) (packets.Wanted, bool) {
	num, ok := fact.ParseFlowID(id)
	if !ok {
		return packets.Wanted{}, false
	}
	if w, ok := s.flows[num]; ok {
		return w, true
	}
	return packets.Want(num, nil), true
}

// namedBy says, by packet, for what the evidence of a finding names it.
func namedBy(f *finding.Finding) map[uint64][]string {
	out := map[uint64][]string{}
	for _, n := range f.Packets {
		out[n] = append(out[n], fmt.Sprintf("%s %s, %s: this is what is meant", f.ID, f.Kind, f.Verdict))
	}
	add := func(list []finding.Evidence, side string) {
		for _, e := range list {
			for _, n := range e.Packets {
				out[n] = append(out[n], fmt.Sprintf("%s %s %s (%s): %s", f.ID, side, e.Code, e.Family, e.Text))
			}
		}
	}
	add(f.For, "for")
	add(f.Against, "against")
	return out
}
