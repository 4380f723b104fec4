package classify

import (
	"encoding/json"
	"fmt"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// recorder is a sink that remembers what it was told, and writes it down so
// that runs can be compared.
type recorder struct {
	flows    []string // id name server service
	findings map[string]finding.Finding
	order    []string
	services []answer.Service
	text     strings.Builder
}

func newRecorder() *recorder {
	return &recorder{findings: map[string]finding.Finding{}}
}

func (r *recorder) Flow(f *fact.Flow, ids []string) error {
	fmt.Fprintf(&r.text, "flow %s %v %v %s %s %s %s %+v %v %v\n", f.ID, f.Key.SrcAddr(), f.Key.DstAddr(), f.Names.SNI,
		f.Label.Service, f.State, f.History, f.Sides[0].RTT, f.Blind.Names(), ids)
	r.flows = append(r.flows, f.Names.SNI)
	return nil
}

func (r *recorder) Finding(f *finding.Finding) error {
	r.write(f)
	if _, ok := r.findings[f.ID]; !ok {
		r.order = append(r.order, f.ID)
	}
	r.findings[f.ID] = *f
	return nil
}

func (r *recorder) Service(s *answer.Service) error {
	r.write(s)
	r.services = append(r.services, *s)
	return nil
}

func (r *recorder) write(v any) {
	if err := json.NewEncoder(&r.text).Encode(v); err != nil {
		panic(err) // the types are ours: nothing in them cannot be encoded
	}
}
