package explain

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// What follows is how a page words things, for reports that lay the same out in another
// way. Texts are raw.

// ClassWord is the weight of evidence in a word: conclusive, strong.
func ClassWord(c finding.Class) string { return classWords[c] }

// Where places a finding: towards whom, where on the path, taken at.
func Where(f *finding.Finding) string { return where(f) }

// CauseText tells an innocent cause and why it was excluded, or may be.
func CauseText(code string, excluded bool) string {
	if excluded {
		return causeText("excluded", code, func(x finding.Cause) string { return x.Excluded })
	}
	return causeText("possible", code, func(x finding.Cause) string { return x.Open })
}

// BlindSentence says what could not be seen, by its code.
func BlindSentence(code string) string { return blindSentence(code) }

// Means is the sentence of an innocent cause.
func Means(code string) string { return means(code) }

// Spell turns a code into words.
func Spell(code string) string { return spell(code) }

// Said is what an answer to a question for a name says.
func Said(a *fact.DNSAnswer) string { return said(a) }

// HeaderText is what stands in its header.
func HeaderText(a *fact.DNSAnswer) string { return headerText(a) }

// IPIDText is the IP id it came with.
func IPIDText(a *fact.DNSAnswer) string { return ipidText(a) }

// Named says what a finding names a packet for: its codes, "" if it does not.
func Named(f *finding.Finding, r *packets.Row) string { return named(f, r) }

// Offends reports whether a packet is one of those whose sender a finding doubts.
func Offends(f *finding.Finding, r *packets.Row) bool { return offends(f, r) }
