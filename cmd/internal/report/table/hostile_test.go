package table

import (
	"strings"
	"testing"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// hostile are texts that a peer or a file may carry.
var hostile = []string{
	"a\x1b[2J\x1b]0;owned\a.example.org", "\u202egnp.exe", "a\r\nINJECTED line", "\u009b31mred", "\xff\xfe\x00",
	"例え.テスト例え.テスト例え.テスト例え.テスト例え.テスト例え.テスト例え.テスト例え.テスト", "e\u0301\u0301\u0301\u0301", "\u200b\u2066x\u2069", `C:\temp\x1b`,
	"  BLOCKED  ", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "", "\t\v\f", string(make([]byte, 300)),
}

// hostileRun has the text in every place that foreign text can come from.
func hostileRun(text string) *run {
	r := &run{meta: report.Meta{Files: []report.File{{Name: text, Filter: text}},
		Health: []finding.Reason{{Code: text, Text: text}}}, stats: capt(7, time.Minute, text, 0)}
	r.stats.Blind = blindOf("one_way", "host_filter")
	r.stats.EncryptedDNS = []answer.EncryptedDNS{{Resolver: text, Over: text, Flows: 1}, {Resolver: "google", Name: text, Over: answer.OverTLS, Flows: 1}}
	for i, k := range []finding.Kind{finding.DNSForged, finding.DropHello, finding.RatePoliced, finding.PathLoss, finding.ResetInjected} {
		for _, svc := range []string{"whatsapp", "", "svc4"} {
			f := &finding.Finding{ID: text + string(rune('0'+i)) + svc, Kind: k, Verdict: finding.Likely, Service: svc, Function: text, Name: text,
				Summary: text, Filter: text, Technique: text, Proto: text, Client: end("10.0.0.1", 5), Server: end("203.0.113.1", 443),
				Flows: []string{text}, RuledOut: []string{text}, NotRuledOut: []string{text}, Blind: []string{text},
				Segment: finding.Segment(text),
				For:     []finding.Evidence{{Code: text, Text: text, Got: text, Want: text, Packets: []uint64{1}}},
				Against: []finding.Evidence{{Code: text, Text: text}}}
			r.findings = append(r.findings, f)
		}
	}
	r.findings = append(r.findings, &finding.Finding{ID: "f99", Kind: finding.ResetSeen, Verdict: finding.Benign, BenignCause: text})
	for i, st := range []answer.Status{answer.Blocked, answer.Throttled, answer.Failing, answer.Inconclusive, answer.OK, answer.Unseen} {
		svc := works("svc"+string(rune('0'+i)), text, 3, 2e6, "ok")
		svc.Status, svc.Sentence, svc.Cause = st, text+": "+text, answer.CauseUnknown
		svc.Functions[text] = "ok"
		svc.Places = map[string]string{text: "ok", "dc2": "blocked"}
		svc.Fits = []string{text}
		svc.CannotTell = []finding.Reason{{Code: text, Text: text}, {Code: "host_filter", Text: text}}
		svc.Next = []answer.Step{{Text: text}}
		r.services = append(r.services, svc)
	}
	r.services[0].Service = "whatsapp"
	return r
}

func TestForeignTextStaysText(t *testing.T) {
	for _, text := range hostile {
		for _, opt := range []Options{{}, {Verbose: true}, {Quiet: true}} {
			r := hostileRun(text)
			check := checkScreen
			if opt.Quiet { // a sentence is as long as it is
				check = checkLines
			}
			check(t, r.print(t, opt))
			r.services = r.services[4:]
			check(t, r.print(t, opt))
			r.findings = r.findings[:0]
			check(t, r.print(t, opt))
		}
		f := someFlow(1)
		f.Names.SNI, f.Label.Service, f.Label.Function, f.State = text, text, text, text
		checkLines(t, flowLine(f, []string{text}))
	}
}

func FuzzForeignText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		checkScreen(t, hostileRun(text).print(t, Options{Verbose: true}))
	})
}

// TestBuilderToScreen goes the whole way from facts to a screen.
func TestBuilderToScreen(t *testing.T) {
	b := answer.NewBuilder(nil, []string{"signal"})
	f := someFlow(1)
	f.Start, f.Last, f.End, f.Handshake = start.UnixNano(), start.Add(time.Minute).UnixNano(), fact.EndIdle, true
	f.Sides[fact.Up].SYN, f.Sides[fact.Up].Payload, f.SYNACK = fact.Mark{Num: 1}, 517, fact.Mark{Num: 2}
	f.Hello = fact.Hello{Kind: "tls", First: fact.Mark{Num: 4}, Count: 5}
	b.Flow(f)
	r := &run{meta: named("one.pcap"), stats: capt(7, time.Minute, "host", 0)}
	for _, s := range b.Services(&fact.World{}) {
		r.services = append(r.services, &s)
	}
	r.stats.Others = b.Others()
	out := r.print(t, Options{})
	checkScreen(t, out)
	for _, want := range []string{"NOT WORKING, cause not shown  1 of 1 connection fail", "hello dropped", "open one other app", "unseen"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
}
