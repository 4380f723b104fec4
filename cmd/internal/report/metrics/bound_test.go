package metrics

import (
	"fmt"
	"testing"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// TestSeriesAreBounded: whatever names, services and kinds come along, they get no
// series of their own.
func TestSeriesAreBounded(t *testing.T) {
	rules, err := service.Default().WithMine([]string{"192.0.2.7:443=mine.vpn"})
	check(t, err)
	r, _ := made(rules)
	play(t, r)
	hostile := func(from, to int) {
		for n := from; n < to; n++ {
			name := fmt.Sprintf("evil%d.example\"\n\xff", n)
			f := flow(name, name)
			f.Names.SNI = name
			x := found(fmt.Sprint("f", n), finding.Kind(name), finding.Verdict(name), name, 4)
			x.Name, x.Summary = name, name
			s := says(name, answer.Status(name), name, name)
			s.Works, s.Cause = name, name
			known := says("telegram", answer.Status(name), name, name, name+"2", name)
			check(t, r.Flow(f, nil), r.Finding(x), r.Service(s), r.Service(known), r.Flow(flow("mine.vpn", "any"), nil))
			if n%500 == 0 {
				r.Counted(counts(5))
			}
		}
	}
	hostile(0, 1000)
	before := series(t, r, "evil", "secret")
	hostile(1000, 10_000)
	r.Counted(counts(5))
	if after := series(t, r, "evil", "secret"); after > before || after < 100 {
		t.Errorf("%d series became %d", before, after)
	}
	tells(t, r, `
		# HELP chokepoint_findings Findings of the last twenty minutes, the newest 4096, as they stand.
		# TYPE chokepoint_findings gauge
		chokepoint_findings{kind="other",service="other",verdict="other"} 4096
		# HELP chokepoint_service_flows_total Flows that ended and were told of. Those of unknown service are told with a finding, or with --all.
		# TYPE chokepoint_service_flows_total counter
		chokepoint_service_flows_total{function="any",service="mine.vpn"} 10000
		chokepoint_service_flows_total{function="chat",service="whatsapp"} 2
		chokepoint_service_flows_total{function="none",service="none"} 1
		chokepoint_service_flows_total{function="other",service="other"} 10000
		`, "chokepoint_findings", "chokepoint_service_flows_total")
}

// TestServicesOfOnesOwnAreBounded: thousands of --mine, and rules read again and
// again, get so many series and no more.
func TestServicesOfOnesOwnAreBounded(t *testing.T) {
	r, _ := made(service.Default())
	for round := range 20 {
		var mine []string
		for n := range 200 {
			mine = append(mine, fmt.Sprintf("192.0.2.1:443=mine-%d-%d", round, n))
		}
		rules, err := service.Default().WithMine(mine)
		check(t, err)
		r.Know(rules)
		for _, id := range rules.IDs() {
			check(t, r.Service(says(id, answer.OK)), r.Flow(flow(id, "any"), nil))
		}
		r.Counted(counts(5))
	}
	if n := len(r.labels.services); n != maxServices {
		t.Errorf("%d services", n)
	}
	for _, id := range service.Default().IDs() {
		if r.labels.service(id) != id {
			t.Errorf("no room for %s", id)
		}
	}
	if n := series(t, r); n > maxServices*(2+len(rttBuckets)+len(lossBuckets)+len(statuses)+len(works)+len(causes)+7)+1000 {
		t.Errorf("%d series", n)
	}
}

func TestStandingFindings(t *testing.T) {
	var s standing
	k := key{"max", "drop.hello", "likely"}
	surer := key{"max", "drop.hello", "confirmed"}
	gone := key{"max", "drop.hello", "withdrawn"}
	add := func(id string, k key, sec float64) bool {
		return s.add(&finding.Finding{ID: id, Verdict: finding.Verdict(k.verdict), To: at(sec)}, k)
	}
	wants := func(what string, want map[key]int) {
		t.Helper()
		if fmt.Sprint(s.counts) != fmt.Sprint(want) || len(s.at) > maxStanding {
			t.Errorf("%s: %v, want %v", what, s.counts, want)
		}
	}
	if !add("f1", k, 0) || add("f1", k, 1) || !add("f2", k, 2) || !add("f1", surer, 3) {
		t.Error("what is new was told wrongly")
	}
	wants("revised", map[key]int{k: 1, surer: 1})
	if !add("f1", gone, 4) || add("f1", gone, 5) {
		t.Error("what was taken back was told wrongly")
	}
	wants("taken back", map[key]int{k: 1})
	if add("f2", k, 600) {
		t.Error("told again is not new")
	}
	s.forget(at(600 + lately.Seconds()))
	wants("just recent enough", map[key]int{k: 1})
	s.forget(at(601 + lately.Seconds()))
	wants("too long ago", map[key]int{})
	for n := range 3 * maxStanding {
		add(fmt.Sprint("g", n), k, 1)
	}
	wants("the newest", map[key]int{k: maxStanding})
}
