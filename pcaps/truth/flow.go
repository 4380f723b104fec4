package truth

import (
	"fmt"
	"maps"
	"slices"
)

// Flow is what is true of the flows to one port of a server, of client.pcapng.
type Flow struct {
	To string `yaml:"to"` // "udp 192.0.2.1:443"; DNS is left out
	// Says is fields of the flow's record: lists joined by commas, fields of
	// fields by dots, "" for an absent one or null.
	Says map[string]string `yaml:"says"`
	// SoFar is fields of Says in which the tool is not right yet, with what it
	// says instead.
	SoFar map[string]string `yaml:"so_far"`
	Why   string            `yaml:"why"`
}

// Said is what a tool says of a flow, in the words of [Flow].
type Said struct {
	ID, To string
	Says   map[string]string
}

// CheckFlows compares what a tool says of a case's flows with the truth and
// returns each disagreement as a sentence. A flow of which the truth does not
// speak must not be given to any service.
func (t *Truth) CheckFlows(said []Said) (wrong []string) {
	for i := range t.Flows {
		if f := &t.Flows[i]; !slices.ContainsFunc(said, func(s Said) bool { return s.To == f.To }) {
			wrong = append(wrong, fmt.Sprintf("no flow %s", f.To))
		}
	}
	for i := range said {
		s := &said[i]
		at := slices.IndexFunc(t.Flows, func(f Flow) bool { return f.To == s.To })
		if at >= 0 {
			wrong = append(wrong, t.Flows[at].compare(s)...)
		} else if name := s.Says["service"]; name != "" {
			wrong = append(wrong, fmt.Sprintf("%s to %s is called %s", s.ID, s.To, name))
		}
	}
	return wrong
}

func (f *Flow) compare(s *Said) (wrong []string) {
	for _, field := range slices.Sorted(maps.Keys(f.Says)) {
		got, want := s.Says[field], f.Says[field]
		yet, known := f.SoFar[field]
		if got != want && !(known && got == yet) {
			wrong = append(wrong, fmt.Sprintf("%s to %s: %s is %q, should be %q", s.ID, s.To, field, got, want))
		}
	}
	return wrong
}
