package classify

import (
	"context"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// countSink counts the flows of each service.
type countSink map[string]int

func (s countSink) Flow(f *fact.Flow, _ []string) error { s[f.Label.Service]++; return nil }
func (countSink) Finding(*finding.Finding) error        { return nil }
func (countSink) Service(*answer.Service) error         { return nil }

// TestRulesAreTakenUpAtATick: rules that came meanwhile label what ends after
// the next tick, with one worker and with more.
func TestRulesAreTakenUpAtATick(t *testing.T) {
	without, err := service.LoadFiles(service.File{Name: "mine.yaml", Data: []byte("id: telegram\ndisabled: true\n")})
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 3} {
		count := func(reload *service.Rules) countSink {
			src, err := pcapfile.Open("../pcaps/everything-works/client.pcapng", pcapfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			fresh := make(chan *service.Rules, 1)
			if reload != nil {
				fresh <- reload
			}
			s := countSink{}
			if _, err := Run(context.Background(), src, s, Options{Workers: workers, Reload: fresh}); err != nil {
				t.Fatal(err)
			}
			return s
		}
		before, after := count(nil), count(without)
		if before["telegram"] == 0 || before["whatsapp"] == 0 {
			t.Fatalf("%d workers: nothing to lose: %v", workers, before)
		}
		if after["telegram"] != 0 || after["whatsapp"] != before["whatsapp"] {
			t.Errorf("%d workers: %v, before %v", workers, after, before)
		}
	}
}
