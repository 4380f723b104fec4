package table

import (
	"fmt"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// crowdedRun: more is wrong than a screen holds.
func crowdedRun() *run {
	r := &run{meta: named("/very/long/folder/of/somebody/who/likes/long/names/2026-11-20/ring-of-captures-00017.pcapng"),
		stats: capt(9_999_999, 26*time.Hour, "gateway", 20)}
	r.stats.Clients, r.stats.Evicted = 212, 12
	since := at(3600)
	for i := range 9 {
		id := fmt.Sprintf("service%d", i)
		r.findings = append(r.findings, many(1+i*10, 10, finding.Finding{Kind: finding.ResetInjected, Verdict: finding.Likely, Service: id, Proto: "tcp",
			Client: end("2001:db8::17", 51334), Server: end("2001:db8:205:60:face:b00c:0:25de", 443), Segment: finding.ServerSide,
			Summary: "RST claims to come from 2001:db8:205:60:face:b00c:0:25de but acknowledges bytes that could not have arrived yet"})...)
		r.services = append(r.services, &answer.Service{Service: id, Name: fmt.Sprintf("Service %d", i), Status: answer.Blocked, Works: "no",
			Cause: "interference", Since: &since, Attempts: answer.Attempts{Tried: 10, Failed: 10},
			Functions:  map[string]string{"chat": "blocked", "media": "unseen", "call": "unseen"},
			CannotTell: []finding.Reason{{Code: "who", Text: "whose device does it, and why"}}})
	}
	for i := range 8 {
		r.services = append(r.services, works(fmt.Sprintf("works%d", i), fmt.Sprintf("Works %d", i), 10, 20e6, "ok"))
	}
	r.stats.Others = answer.Others{Parties: 70, Worked: 68, Failed: 2, Flows: 500, FlowsWorked: 490, MedianBps: ptr(30e6)}
	return r
}

// blockedVerbose has evidence to list.
func blockedVerbose() *run {
	r := blockedRun()
	r.findings = append(r.findings[:1], r.findings[4])
	for _, f := range r.findings {
		f.For = []finding.Evidence{{Code: "N1", Family: finding.Multiplicity, Class: finding.C,
			Text: "two answers to one query that say different things, the second one from farther away", Got: "2", Want: "1", Packets: []uint64{411, 412}}}
		f.Against = []finding.Evidence{{Code: "X2", Family: finding.Control, Class: finding.W, Text: "only one resolver was asked"}}
		f.NotRuledOut, f.Blind = []string{"far_end_filter"}, []string{"no_rtt"}
	}
	return r
}
