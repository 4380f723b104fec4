package explain

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// Second is the sink of the second run: it gathers the packets and hears the
// detectors' reasons.
type Second struct {
	*First
	ladders  []*packets.Ladder
	asked    *classify.Asked
	controls map[string]*flowSeen // nil until it has ended
	reasons  map[fact.FlowID][]*heard
	seen     map[fact.FlowID]*flowSeen
}

// heard is what one detector made of a flow.
type heard struct {
	by    string
	last  classify.Made  // when it was asked last
	found *classify.Made // when it last found something, if that was before
}

// Second prepares the second run of a target that is there.
func (f *First) Second() *Second {
	s := &Second{First: f, controls: map[string]*flowSeen{}, reasons: map[fact.FlowID][]*heard{}, seen: map[fact.FlowID]*flowSeen{}}
	ids := f.flowIDs()
	s.asked = &classify.Asked{Flows: map[fact.FlowID]bool{}, Tell: s.tell}
	for _, id := range ids[:min(len(ids), maxAsked)] {
		s.asked.Flows[id] = true
	}
	if f.Sort != Service {
		cited := packets.Cited(f.findings...)
		for _, id := range ids[:min(len(ids), maxLadders)] {
			l := packets.NewLadder(id, f.flow(id), cited)
			if f.Sort == Packet {
				l.Asked = f.Num
			}
			s.ladders = append(s.ladders, l)
		}
	}
	for _, x := range f.findings {
		for _, c := range x.Controls {
			if f.Sort != Service && len(s.controls) < maxControls {
				s.controls[c] = nil
			}
		}
	}
	return s
}

// flowIDs lists the flows of the target, those first that failed.
func (f *First) flowIDs() []fact.FlowID {
	var ids []fact.FlowID
	add := func(id fact.FlowID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if f.Sort == Finding {
		for _, s := range f.findings[0].Flows {
			if id, ok := fact.ParseFlowID(s); ok {
				add(id)
			}
		}
	}
	for _, failed := range [...]bool{true, false} {
		for _, x := range f.flows {
			if x.failed() == failed && (failed || f.Sort != Service) {
				add(x.ID)
			}
		}
	}
	return ids
}

// flow returns what the first run saw of a flow, nil if it saw none.
func (f *First) flow(id fact.FlowID) *fact.Flow {
	for _, x := range f.flows {
		if x.ID == id {
			return &x.Flow
		}
	}
	return nil
}

// Asked is what the second run has to be asked for.
func (s *Second) Asked() *classify.Asked { return s.asked }

// Source puts what gathers the packets between the run and its source.
func (s *Second) Source(src capture.Source) capture.Source {
	takers := make([]packets.Taker, len(s.ladders))
	for i, l := range s.ladders {
		takers[i] = l
	}
	return packets.NewGather(src, 0, max(s.packets, 1), takers...)
}

// tell takes what a detector made of a flow.
func (s *Second) tell(m *classify.Made) {
	list := s.reasons[m.Flow]
	i := slices.IndexFunc(list, func(h *heard) bool { return h.by == m.By })
	if i < 0 {
		s.reasons[m.Flow] = append(list, &heard{by: m.By, last: *m})
		return
	}
	h := list[i]
	if m.Unprompted && !h.last.Unprompted {
		return // asked again with less to go by
	}
	if len(h.last.Judgement.Findings) > 0 && len(m.Judgement.Findings) == 0 {
		before := h.last
		h.found = &before
	} else if len(m.Judgement.Findings) > 0 {
		h.found = nil
	}
	h.last = *m
}

// Flow implements classify.Sink.
func (s *Second) Flow(x *fact.Flow, findings []string) error {
	if s.asked.Flows[x.ID] {
		s.seen[x.ID] = keep(x, findings)
	}
	if _, ok := s.controls[x.ID.String()]; ok {
		s.controls[x.ID.String()] = keep(x, findings)
	}
	return nil
}

// Finding implements classify.Sink: the first run has them.
func (s *Second) Finding(*finding.Finding) error { return nil }

// Service implements classify.Sink: the first run has it.
func (s *Second) Service(*answer.Service) error { return nil }
