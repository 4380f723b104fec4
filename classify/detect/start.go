package detect

import (
	"fmt"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Start fills what every finding about a flow has in common. Lists are never
// nil: they are records of the contract.
func Start(f *fact.Flow, w *fact.World, kind finding.Kind) finding.Finding {
	return finding.Finding{
		Kind: kind, Verdict: finding.Unexplained,
		Service: f.Label.Service, Function: f.Label.Function,
		Proto:  f.Proto(),
		Client: &finding.Endpoint{IP: f.Key.SrcAddr(), Port: f.Key.SrcPort},
		Server: &finding.Endpoint{IP: f.Key.DstAddr(), Port: f.Key.DstPort},
		Name:   f.Name(),
		Flows:  []string{f.ID.String()}, Controls: []string{},
		From: Time(f.Start), To: Time(f.Last),
		Segment: finding.UnknownSegment, Vantage: f.Vantage,
		For: []finding.Evidence{}, Against: []finding.Evidence{},
		RuledOut: []string{}, NotRuledOut: []string{},
		Blind: append([]string{}, (f.Blind | w.Blind).Names()...), Packets: []uint64{},
	}
}

// Time converts packet time, ns since the epoch.
func Time(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// Filter is the Wireshark display filter that shows exactly these packets. It
// uses no set syntax, which differs between versions.
func Filter(packets ...uint64) string {
	var b strings.Builder
	for i, n := range packets {
		if i > 0 {
			b.WriteString("||")
		}
		fmt.Fprintf(&b, "frame.number==%d", n)
	}
	return b.String()
}

// Conclude sets the verdict with its confidence. What a finding lacks is told where
// that is why it says no more.
func Conclude(f *finding.Finding, v finding.Verdict) {
	f.Verdict, f.Confidence = v, Confidence(v)
	if v != finding.Inconclusive {
		f.Missing = nil
	}
}

// lacking makes a finding inconclusive for what is missing. The codes are of the closed
// list of [finding.Inputs].
func lacking(f *finding.Finding, missing ...finding.Reason) {
	Conclude(f, finding.Inconclusive)
	for _, r := range missing {
		f.Miss(finding.Input(r.Code), r.Text)
	}
}
