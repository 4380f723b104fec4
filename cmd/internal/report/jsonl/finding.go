package jsonl

import (
	"cmp"
	"slices"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// findingRecord is a finding with its times in the records' form. When files are
// joined, Refs lead from every packet number in it to a file; live, to an
// interface.
type findingRecord struct {
	finding.Finding
	From stamp `json:"from"`
	To   stamp `json:"to"`
	Refs []ref `json:"refs,omitempty"`
}

// ref is where a packet of a joined capture lies, or of a live one passed.
type ref struct {
	Packet uint64 `json:"packet"`
	File   string `json:"file,omitempty"`
	Iface  string `json:"iface,omitempty"` // live; absent: too long ago to be known
	N      uint64 `json:"n"`               // its number in the file; live the same as packet, and epb_packetid in a recording
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

// live fits a finding of a live capture: its packets are in no file yet, so that
// no filter shows them.
func (r *findingRecord) live(f *finding.Finding, iface func(uint64) string) {
	r.Filter = ""
	for _, num := range named(f) {
		at := ref{Packet: num, N: num}
		if iface != nil {
			at.Iface = iface(num)
		}
		r.Refs = append(r.Refs, at)
	}
}

// refs locates every packet a finding names.
func refs(f *finding.Finding, locate func(uint64) (string, uint64)) []ref {
	var out []ref
	for _, num := range named(f) {
		if file, n := locate(num); file != "" {
			out = append(out, ref{Packet: num, File: file, N: n})
		}
	}
	return out
}

// named lists the packets that a finding names, in order.
func named(f *finding.Finding) []uint64 {
	all := slices.Clone(f.Packets)
	for _, evidence := range [][]finding.Evidence{f.For, f.Against} {
		for _, e := range evidence {
			all = append(all, e.Packets...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
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
