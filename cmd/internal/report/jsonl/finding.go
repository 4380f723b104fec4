package jsonl

import (
	"cmp"
	"slices"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// findingRecord is a finding with its times in the records' form. When files are
// joined, Refs lead from every packet number in it to a file.
type findingRecord struct {
	finding.Finding
	From stamp `json:"from"`
	To   stamp `json:"to"`
	Refs []ref `json:"refs,omitempty"`
}

// ref is where a packet of a joined capture lies.
type ref struct {
	Packet uint64 `json:"packet"`
	File   string `json:"file"`
	N      uint64 `json:"n"` // its number in the file
}

func newFinding(f *finding.Finding, locate func(uint64) (string, uint64)) *findingRecord {
	r := &findingRecord{Finding: *f, From: stamp(f.From), To: stamp(f.To)}
	r.Type = "finding"
	r.Vantage = cmp.Or(f.Vantage, "unknown")
	r.Flows, r.Controls = list(f.Flows), list(f.Controls)
	r.For, r.Against = list(f.For), list(f.Against)
	r.RuledOut, r.NotRuledOut = list(f.RuledOut), list(f.NotRuledOut)
	r.Blind, r.Packets = list(f.Blind), list(f.Packets)
	r.Confidence = thousandths(f.Confidence)
	if locate != nil {
		r.Refs = refs(f, locate)
		r.Filter = report.LocalFilter(f.Filter, locate)
	}
	return r
}

// refs locates every packet a finding names.
func refs(f *finding.Finding, locate func(uint64) (string, uint64)) []ref {
	all := slices.Clone(f.Packets)
	for _, evidence := range [][]finding.Evidence{f.For, f.Against} {
		for _, e := range evidence {
			all = append(all, e.Packets...)
		}
	}
	slices.Sort(all)
	var out []ref
	for _, num := range slices.Compact(all) {
		if file, n := locate(num); file != "" {
			out = append(out, ref{Packet: num, File: file, N: n})
		}
	}
	return out
}

// serviceRecord is an answer with its time in the records' form.
type serviceRecord struct {
	answer.Service
	Since *stamp `json:"since,omitempty"`
}

func newService(s *answer.Service) *serviceRecord {
	r := &serviceRecord{Service: *s}
	r.Type = "service"
	if s.Since != nil {
		r.Since = stampOf(*s.Since)
	}
	r.How, r.Findings, r.Fits = list(s.How), list(s.Findings), list(s.Fits)
	r.CannotTell, r.Next = list(s.CannotTell), list(s.Next)
	if r.Functions == nil {
		r.Functions = map[string]string{}
	}
	return r
}
