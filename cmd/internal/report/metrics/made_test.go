package metrics

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

var start = time.Date(2026, 11, 21, 3, 11, 2, 0, time.UTC)

func at(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

// silent takes everything and counts what it took.
type silent struct{ took int }

func (s *silent) Begin(*report.Meta) error        { s.took++; return nil }
func (s *silent) Flow(*fact.Flow, []string) error { s.took++; return nil }
func (s *silent) Finding(*finding.Finding) error  { s.took++; return nil }
func (s *silent) Service(*answer.Service) error   { s.took++; return nil }
func (s *silent) End(*classify.Stats) error       { s.took++; return nil }

func source() Source {
	return Source{Stats: capture.Stats{Packets: 1050, Bytes: 99, Dropped: 3, Lost: 4, Unseen: 5, Skipped: 6}, Last: at(8.5), Now: at(9)}
}

func made(rules *service.Rules) (*Report, *silent) {
	then := &silent{}
	return New(Options{Rules: rules, Source: source}, then), then
}

func found(id string, kind finding.Kind, v finding.Verdict, service string, s float64) *finding.Finding {
	return &finding.Finding{ID: id, Kind: kind, Verdict: v, Service: service, From: at(s), To: at(s)}
}

// says is an answer; functions are pairs.
func says(id string, st answer.Status, functions ...string) *answer.Service {
	s := &answer.Service{Service: id, Status: st, Works: "no", Cause: "interference", Functions: map[string]string{}}
	s.Attempts, s.Clients = answer.Attempts{Tried: 12, Failed: 9}, answer.Clients{Tried: 2, Affected: 1}
	opens, rate, loss := 41.5, 8e6, 0.02
	s.OpensMs, s.RateDownBps, s.Loss = &opens, &rate, &loss
	for i := 0; i+1 < len(functions); i += 2 {
		s.Functions[functions[i]] = functions[i+1]
	}
	return s
}

// flow is one of a service: a round trip of 40 ms, 2 of 100 segments lost.
func flow(service_, function string) *fact.Flow {
	f := &fact.Flow{ID: 1, Label: service.Label{Service: service_, Function: function}, Names: fact.Names{SNI: "secret.example.org"},
		Key: capture.Key{Dst: netip.MustParseAddr("192.0.2.1").As16(), DstPort: 443, Proto: capture.ProtoTCP}}
	f.Sides[fact.Up] = fact.Side{Packets: 40, IPBytes: 4000, Retrans: 1, RTT: fact.RTT{P50: fact.Some(40 * time.Millisecond)}}
	f.Sides[fact.Down] = fact.Side{Packets: 59, IPBytes: 60000, Holes: 1}
	return f
}

// counts are those of a round at a time.
func counts(s float64) *classify.Stats {
	c := &classify.Stats{Flows: 7, Evicted: 2, Copies: 3, Last: at(s), First: at(0), Blind: fact.BlindKernelDrops}
	c.Decode[decode.BadTCPOptions], c.Decode[decode.ClippedHeaders] = 4, 5
	return c
}

func check(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// tells holds what a scrape tells, by the names of some metrics, against text.
func tells(t *testing.T, g prometheus.Gatherer, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(g, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// series counts those of a scrape, and holds every label of ours against what is
// forbidden.
func series(t *testing.T, g prometheus.Gatherer, forbidden ...string) (n int) {
	t.Helper()
	all, err := g.Gather()
	check(t, err)
	for _, family := range all {
		n += len(family.Metric)
		for _, m := range family.Metric {
			text := fmt.Sprint(m.Label)
			for _, f := range forbidden {
				if strings.Contains(text, f) {
					t.Errorf("%s has %s", family.GetName(), text)
				}
			}
		}
	}
	return n
}
