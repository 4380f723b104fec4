package score

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// policed is what a recording of a policer and of forged DNS would say of itself.
const policed = `
what: a box polices and forges
where: a box
since: 2026-11-20T07:40:06Z
services: {telegram: [throttled], whatsapp: [blocked, degraded], max: [ok]}
cases: [P1, F19]
finds:
  - {kinds: [rate.policed], service: telegram, at_least: likely, files: [client.pcapng, server.pcapng], rate_bps: 1e6, burst_bytes: 1e5}
  - {kinds: [dns.forged, dns.denied], service: whatsapp, at_least: confirmed}
may:
  - {kinds: [rate.shift], service: telegram, at_most: likely}
ceilings:
  - {kinds: [drop.connect], service: max, at_most: unexplained, why: a dead host}
done:
  - {rule: dns, what: injected, dir: down, count: 2, packets: {client.pcapng: [10, 20]}}
  - {rule: police, what: dropped, dir: down, count: 900, packets: {server.pcapng: [11, 21]}}
`

func parsed(t *testing.T, text string) *truth.Truth {
	t.Helper()
	of, err := truth.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &of
}

// found is a finding that was as sure at once, seconds after it was first done.
func found(kind finding.Kind, service string, v finding.Verdict, seconds int, packets ...uint64) Found {
	f := Found{Finding: finding.Finding{Kind: kind, Service: service, Verdict: v, Packets: packets}}
	at := time.Date(2026, 11, 20, 7, 40, 6+seconds, 0, time.UTC)
	for rank := range v.Rank() + 1 {
		f.Reached[rank].Time = at.UnixNano()
	}
	return f
}

// measured is a policing finding with what it measured.
func measured(v finding.Verdict, bps float64, burst uint64, seconds int) Found {
	f := found(finding.RatePoliced, "telegram", v, seconds)
	f.RateBps, f.BurstBytes = &bps, &burst
	return f
}

func TestJudgeHoldsFindingsAgainstTheTruth(t *testing.T) {
	of := parsed(t, policed)
	j := Judge("fake", "client.pcapng", of, &Observed{
		Flows:  7,
		Status: map[string]string{"telegram": "throttled", "whatsapp": "ok"},
		Findings: []Found{
			measured(finding.Likely, 1.1e6, 90_000, 9),
			measured(finding.Confirmed, 0.98e6, 100_000, 5),
			measured(finding.Suspected, 5e6, 1, 1), // too unsure to count
			found(finding.DNSForged, "whatsapp", finding.Suspected, 2, 9, 10),
			found(finding.RateShift, "telegram", finding.Likely, 3),
			found(finding.RateShift, "telegram", finding.Confirmed, 3),
			found(finding.ResetInjected, "max", finding.Suspected, 3, 20),
			found(finding.ResetInjected, "max", finding.Likely, 3, 21),
			found(finding.DropConnect, "max", finding.Suspected, 3),
			found(finding.DropHello, "max", finding.Inconclusive, 3),
		},
	})
	if j.Case != "fake" || j.Flows != 7 || j.Benign || !slices.Equal(j.Lines, []string{"P1", "F19"}) {
		t.Errorf("%+v", j)
	}
	rate, dns := j.Wants[0], j.Wants[1]
	if rate.Outcome != Got || !rate.Timed || rate.After != 5*time.Second || rate.AtEnd || len(rate.RateErr) != 2 || rate.BurstErr[0] != 0.1 {
		t.Errorf("%+v", rate)
	}
	if dns.Outcome != Weaker || dns.Kind != finding.DNSForged || dns.Timed || dns.RateErr != nil {
		t.Errorf("%+v", dns)
	}
	for i, want := range []struct {
		accuses, named, wrong bool
		touched               Touch
	}{
		{true, true, false, Unasked}, {true, true, false, Unasked}, {false, true, false, Unasked},
		{false, true, false, Hit},     // the second packet is the forged one
		{true, true, false, Unasked},  // allowed
		{true, false, true, Unasked},  // allowed, but not so surely
		{false, false, false, Hit},    // a suspicion: not true, not forbidden
		{true, false, true, NoHit},    // nobody did
		{false, false, true, Unasked}, // above its ceiling
	} {
		c := j.Claims[i]
		if c.Accuses != want.accuses || c.True != want.named || (len(c.Wrong) > 0) != want.wrong || c.Touched != want.touched {
			t.Errorf("%d: %+v, want %+v", i, c, want)
		}
	}
	if len(j.Claims) != 9 {
		t.Errorf("%d claims: what is inconclusive claims nothing", len(j.Claims))
	}
	var right []string
	for i := range j.Statuses {
		if j.Statuses[i].Right() {
			right = append(right, j.Statuses[i].Service)
		}
	}
	if len(j.Statuses) != 3 || !slices.Equal(right, []string{"telegram"}) {
		t.Errorf("%+v", j.Statuses)
	}
}

func TestTheServersFileIsJudgedByWhatNamesIt(t *testing.T) {
	j := Judge("fake", "server.pcapng", parsed(t, policed), &Observed{Findings: []Found{
		found(finding.DNSForged, "whatsapp", finding.Confirmed, 2, 10),
	}})
	if len(j.Wants) != 1 || j.Wants[0].Outcome != Missed || len(j.Statuses) != 0 {
		t.Errorf("%+v", j)
	}
	if c := j.Claims[0]; len(c.Wrong) == 0 || c.True || c.Touched != Unasked {
		t.Errorf("nothing was forged there: %+v", c)
	}
}

func TestWhatIsFoundAtTheEndOnlyIsCounted(t *testing.T) {
	f := found(finding.DNSDenied, "whatsapp", finding.Confirmed, 30)
	f.Reached[finding.Confirmed.Rank()].End = true
	j := Judge("fake", "client.pcapng", parsed(t, policed), &Observed{Findings: []Found{f}})
	if w := j.Wants[1]; w.Outcome != Got || !w.AtEnd || w.After != 30*time.Second {
		t.Errorf("%+v", w)
	}
}

func TestALogThatIsCutShortAccusesNoEvidence(t *testing.T) {
	of := parsed(t, "what: x\nwhere: y\ndone:\n  - {rule: r, what: injected, dir: down, count: 3, packets: {client.pcapng: [10, 20]}}\n")
	for _, tt := range []struct {
		packets []uint64
		want    Touch
	}{{[]uint64{20}, Hit}, {[]uint64{19}, NoHit}, {[]uint64{21}, Unasked}, {nil, Unasked}} {
		f := finding.Finding{Kind: finding.ResetInjected, Packets: tt.packets}
		if got := touchedBy(of, "client.pcapng").by(&f); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.packets, got, tt.want)
		}
	}
}

func TestTheMatrixHasTheWorstOfACase(t *testing.T) {
	judged := []Judgement{
		{Case: "b", File: "client.pcapng", Lines: []string{"F10", "F2"}, Wants: []Want{{Outcome: Got}}},
		{Case: "b", File: "server.pcapng", Lines: []string{"F10", "F2"}},
		{Case: "c", File: "client.pcapng", Lines: []string{"B1"}},
		{Case: "d", File: "client.pcapng", Lines: []string{"B2"}, Claims: []Claim{{Wrong: []string{"likely x of y"}}}, Statuses: []Status{{"max", "blocked", []string{"ok"}}}},
		{Case: "e", File: "client.pcapng", Lines: []string{"F2"}, Wants: []Want{{Outcome: Missed, Kind: "drop.call", Service: "max"}, {Outcome: Weaker}}},
		{Case: "a", File: "client.pcapng"},
	}
	var got []string
	for _, l := range matrix(judged) {
		got = append(got, strings.TrimSpace(l.ID+" "+l.Case+" "+string(l.Verdict)+" "+strings.Join(l.Notes, "; ")))
	}
	want := []string{
		"B1 c silent as it should",
		`B2 d FALSE client.pcapng: likely x of y; client.pcapng: max is "blocked", should be ok`,
		"F2 b found",
		"F2 e missed client.pcapng: drop.call of max is missed; client.pcapng:  of no service is weaker",
		"F10 b found",
		"- a silent as it should",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
