package metrics

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/jsonl"
)

// play is a short capture with a blocked service.
func play(t *testing.T, r *Report) {
	t.Helper()
	check(t, r.Begin(&report.Meta{Version: "v1", Backend: "tcx", Vantage: "auto", Rules: report.Rules{Date: "2026-11-01"},
		Health: []finding.Reason{{Code: "backend", Text: "a"}, {Code: "backend", Text: "b"}}}))
	check(t, r.Flow(flow("whatsapp", "chat"), nil), r.Flow(flow("whatsapp", "chat"), nil), r.Flow(flow("", ""), nil))
	check(t, r.Finding(found("f1", finding.DropHello, finding.Suspected, "whatsapp", 1)),
		r.Finding(found("f1", finding.DropHello, finding.Likely, "whatsapp", 2)),
		r.Finding(found("f1", finding.DropHello, finding.Likely, "whatsapp", 3)),
		r.Finding(found("f2", finding.DropHello, finding.Likely, "whatsapp", 3)))
	check(t, r.Service(says("whatsapp", answer.Blocked, "chat", "blocked", "media", "ok")))
	r.Counted(counts(9))
}

func TestWhatIsTold(t *testing.T) {
	r, then := made(service.Default())
	play(t, r)
	if then.took != 9 {
		t.Errorf("%d calls were handed on", then.took)
	}
	tells(t, r, `
		# HELP chokepoint_service_status 1 for what is judged of a service, 0 for the rest; the answers are about the last ten to twenty minutes.
		# TYPE chokepoint_service_status gauge
		chokepoint_service_status{service="whatsapp",status="blocked"} 1
		chokepoint_service_status{service="whatsapp",status="degraded"} 0
		chokepoint_service_status{service="whatsapp",status="failing"} 0
		chokepoint_service_status{service="whatsapp",status="inconclusive"} 0
		chokepoint_service_status{service="whatsapp",status="ok"} 0
		chokepoint_service_status{service="whatsapp",status="throttled"} 0
		chokepoint_service_status{service="whatsapp",status="unseen"} 0
		`, "chokepoint_service_status")
	tells(t, r, `
		# HELP chokepoint_findings Findings of the last twenty minutes, the newest 4096, as they stand.
		# TYPE chokepoint_findings gauge
		chokepoint_findings{kind="drop.hello",service="whatsapp",verdict="likely"} 2
		# HELP chokepoint_findings_total Findings told. One whose verdict changes later counts again, with the new one.
		# TYPE chokepoint_findings_total counter
		chokepoint_findings_total{kind="drop.hello",service="whatsapp",verdict="likely"} 2
		chokepoint_findings_total{kind="drop.hello",service="whatsapp",verdict="suspected"} 1
		# HELP chokepoint_lost_packets_total Packets that passed and were not delivered, by who lost them: kernel, or chokepoint, which was too slow.
		# TYPE chokepoint_lost_packets_total counter
		chokepoint_lost_packets_total{by="chokepoint"} 4
		chokepoint_lost_packets_total{by="kernel"} 3
		# HELP chokepoint_last_packet_timestamp_seconds When the newest packet passed, 0 before the first.
		# TYPE chokepoint_last_packet_timestamp_seconds gauge
		chokepoint_last_packet_timestamp_seconds 1.7952306705e+09
		# HELP chokepoint_capture_health 1 for each thing that limits what the capture can tell.
		# TYPE chokepoint_capture_health gauge
		chokepoint_capture_health{code="backend"} 1
		# HELP chokepoint_capture_blind 1 for each thing that the capture as a whole could not see.
		# TYPE chokepoint_capture_blind gauge
		chokepoint_capture_blind{code="kernel_drops"} 1
		# HELP chokepoint_service_bytes_total IP bytes of flows that ended.
		# TYPE chokepoint_service_bytes_total counter
		chokepoint_service_bytes_total{direction="down",function="chat",service="whatsapp"} 120000
		chokepoint_service_bytes_total{direction="down",function="none",service="none"} 60000
		chokepoint_service_bytes_total{direction="up",function="chat",service="whatsapp"} 8000
		chokepoint_service_bytes_total{direction="up",function="none",service="none"} 4000
		# HELP chokepoint_service_loss_ratio Share of segments lost on the network in these minutes, at most.
		# TYPE chokepoint_service_loss_ratio gauge
		chokepoint_service_loss_ratio{service="whatsapp"} 0.02
		# HELP chokepoint_service_opens_seconds Median round trip of the handshakes of these minutes.
		# TYPE chokepoint_service_opens_seconds gauge
		chokepoint_service_opens_seconds{service="whatsapp"} 0.0415
		# HELP chokepoint_service_rate_bytes_per_second Best rate that was sustained in these minutes, IP bytes.
		# TYPE chokepoint_service_rate_bytes_per_second gauge
		chokepoint_service_rate_bytes_per_second{direction="down",service="whatsapp"} 1e+06
		`, "chokepoint_service_opens_seconds", "chokepoint_service_loss_ratio", "chokepoint_service_rate_bytes_per_second",
		"chokepoint_findings", "chokepoint_findings_total", "chokepoint_lost_packets_total", "chokepoint_last_packet_timestamp_seconds",
		"chokepoint_capture_health", "chokepoint_capture_blind", "chokepoint_service_bytes_total")
	for name, want := range map[string]string{
		"chokepoint_function_status":         "14", // two functions, of seven statuses
		"chokepoint_service_works":           "4",
		"chokepoint_service_cause":           "8",
		"chokepoint_malformed_packets_total": "15",
		"chokepoint_build_info":              "1",
	} {
		if n, err := testutil.GatherAndCount(r, name); err != nil || fmt.Sprint(n) != want {
			t.Errorf("%s: %d series, want %s, %v", name, n, want, err)
		}
	}
}

func TestRoundTripsAndLoss(t *testing.T) {
	r, _ := made(service.Default())
	blind := flow("telegram", "media")
	blind.Blind, blind.Sides[0].RTT.P50.Ok = 1<<3, false // the capture lost packets, no round trip was clean
	check(t, r.Flow(flow("whatsapp", "chat"), nil), r.Flow(blind, nil))
	all, err := r.Gather()
	check(t, err)
	got := map[string]float64{}
	for _, f := range all {
		for _, m := range f.Metric {
			if h := m.Histogram; h != nil && f.GetName()[:10] == "chokepoint" {
				got[f.GetName()+" "+m.Label[0].GetValue()] = h.GetSampleSum()
			}
		}
	}
	want := map[string]float64{"chokepoint_flow_rtt_seconds whatsapp": 0.04, "chokepoint_flow_loss_ratio whatsapp": 0.02}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Prometheus' own rules for names, units and help.
func TestNamesAreAsTheyShouldBe(t *testing.T) {
	r, _ := made(service.Default())
	play(t, r)
	problems, err := testutil.GatherAndLint(r)
	check(t, err)
	for _, p := range problems {
		t.Error(p)
	}
}

// A service that nothing was seen of for long is in no answer any more: an alert for
// it must not stay for ever.
func TestAnAnswerDoesNotStayForEver(t *testing.T) {
	r, _ := made(service.Default())
	play(t, r)
	check(t, r.Service(says("max", answer.OK)))
	if n, _ := testutil.GatherAndCount(r, "chokepoint_service_works"); n != 4 {
		t.Errorf("a round that is not over is told: %d series", n)
	}
	r.Counted(counts(19))
	tells(t, r, `
		# HELP chokepoint_service_works 1 for what was seen of a service, 0 for the rest.
		# TYPE chokepoint_service_works gauge
		chokepoint_service_works{service="max",works="no"} 1
		chokepoint_service_works{service="max",works="partly"} 0
		chokepoint_service_works{service="max",works="unseen"} 0
		chokepoint_service_works{service="max",works="yes"} 0
		`, "chokepoint_service_works")
}

// The lists of labels are those of the records.
func TestTheListsAreTheContracts(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	check(t, json.Unmarshal([]byte(jsonl.Schema), &schema))
	var ours, theirs [5][]string
	for _, k := range finding.Kinds {
		ours[0] = append(ours[0], string(k))
	}
	for _, v := range finding.Verdicts {
		ours[1] = append(ours[1], string(v))
	}
	ours[2], ours[3], ours[4] = slices.Clone(statuses), slices.Clone(works), slices.Clone(causes)
	of := schema.Defs
	theirs = [5][]string{of["kind"].Enum, of["verdict"].Enum, of["status"].Enum, of["service"].Properties["works"].Enum,
		of["service"].Properties["cause"].Enum}
	for i := range ours {
		slices.Sort(ours[i])
		slices.Sort(theirs[i])
		if len(ours[i]) == 0 || !slices.Equal(ours[i], theirs[i]) {
			t.Errorf("%v, of the contract %v", ours[i], theirs[i])
		}
	}
}

// TestNobodyWaitsForAScrape: one that has got stuck does not hold up the run.
func TestNobodyWaitsForAScrape(t *testing.T) {
	scraping, goOn := make(chan struct{}), make(chan struct{})
	r := New(Options{Rules: service.Default(), Source: func() Source {
		close(scraping)
		<-goOn
		return Source{}
	}}, &silent{})
	var scrape sync.WaitGroup
	scrape.Go(func() { _, _ = r.Gather() })
	<-scraping
	played := make(chan struct{})
	go func() {
		defer close(played)
		play(t, r)
	}()
	select {
	case <-played:
	case <-time.After(10 * time.Second):
		t.Error("the run waits")
	}
	close(goOn)
	scrape.Wait()
	<-played
}

// TestScrapesMeanwhile is for the race detector.
func TestScrapesMeanwhile(t *testing.T) {
	r, _ := made(service.Default())
	quit := make(chan struct{})
	var scrapes sync.WaitGroup
	for range 2 {
		scrapes.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
					if _, err := r.Gather(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 50 {
		play(t, r)
		r.Know(service.Default())
	}
	check(t, r.End(counts(10)))
	close(quit)
	scrapes.Wait()
}
