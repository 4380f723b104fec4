package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Sundaresan et al. ("TCP Congestion Signatures", IMC 2017) tell a flow that filled an
// empty queue from one that met a full path by how far the round trips of its slow
// start spread: (max-min)/max, and their coefficient of variation (rate-and-calls,
// section 2.11). The thresholds are ours. In three plays each of 48 scenes of the lab,
// and behind the router of section 1.1, at the server and at the client, flows with ten
// samples came to:
//
//	                                          (max-min)/max   coefficient    risen  flat  neither
//	policed, lab                         45   0.01 to 0.46    0.00 to 0.09      0    41     4
//	policed, router                      61   0.01 to 0.33    0.00 to 0.09      0    47    14
//	queue from 100 kB, router            24   0.42 to 0.99    0.12 to 0.46     24     0     0
//	queue that others use too, router     4   0.25 to 0.28    0.09 to 0.10      0     0     4
//	queue of 8 kB, router and lab         4   0.04 to 0.30    0.02 to 0.13      0     1     3
//	drop-tail, CoDel, PIE and RED, lab   38   0.14 to 0.71    0.06 to 0.33     28     0    10
//	random loss, lab                     39   0.02 to 0.71    0.00 to 0.36     18     4    17
//
// Random losses come before a queue has filled or after it: this is evidence about a
// queue, and never says by itself why packets were lost.
const (
	// openingSamples is how many round trips it takes (section 2.11).
	openingSamples = 10
	// risenSpan and risenSpread are what both must reach where a queue has filled.
	risenSpan   = 0.35
	risenSpread = 0.12
	// flatSpan and flatSpread are what neither may pass where none has.
	flatSpan   = 0.15
	flatSpread = 0.05
)

// onset is what the round trips before a first loss say.
type onset uint8

const (
	onsetUntold onset = iota
	onsetRisen        // the flow filled a queue
	onsetFlat         // it did not
)

// onsetOf tells whether a flow had filled a queue when it first lost something. A queue
// is one only where it delays by what can be told from noise, and still does at the loss.
func onsetOf(o *fact.Opening) onset {
	if o.N < openingSamples || o.Max == 0 {
		return onsetUntold
	}
	span, spread := float64(o.Max-o.Min)/float64(o.Max), o.SD/o.Mean
	switch {
	case span <= flatSpan && spread <= flatSpread:
		return onsetFlat
	case span >= risenSpan && spread >= risenSpread && o.Max-o.Min >= inflatedFloor && o.Last-o.Min >= (o.Max-o.Min)/2:
		return onsetRisen
	}
	return onsetUntold
}

// onsetText says it in a sentence, "" where it says nothing.
func onsetText(o *fact.Opening) string {
	switch onsetOf(o) {
	case onsetRisen:
		return fmt.Sprintf("round trips rose from %.0f to %.0f ms before the first loss: this flow filled a queue itself", float64(o.Min)/1e3, float64(o.Max)/1e3)
	case onsetFlat:
		return fmt.Sprintf("round trips had not risen before the first loss, %.0f to %.0f ms: the path was full already, or it drops without a queue", float64(o.Min)/1e3, float64(o.Max)/1e3)
	}
	return ""
}

// onsetEvidence is the same as evidence; ok reports that there is any.
func onsetEvidence(code string, class finding.Class, o *fact.Opening) (e finding.Evidence, ok bool) {
	e = finding.Evidence{Code: code, Family: finding.Delay, Class: class, Text: onsetText(o)}
	return e, e.Text != ""
}

// openingOf is how a logged direction began; nothing where that was not seen.
func openingOf(f *fact.Flow, d fact.Dir, leg fact.Leg) (o fact.Opening) {
	if b := f.Bulk[d]; b != nil && f.Handshake {
		o = b.Opening(leg)
	}
	return o
}

// onsetReason tells of it where somebody asks why not.
func onsetReason(d fact.Dir, o *fact.Opening) (r finding.Reason, ok bool) {
	r.Code = "opening." + d.String()
	switch text := onsetText(o); {
	case o.N == 0:
		return r, false
	case text != "":
		r.Text = fmt.Sprintf("%s: %s", d, text)
	case o.N < openingSamples:
		r.Text = fmt.Sprintf("%s: %d round trips before the first loss, of %d that tell whether it filled a queue itself", d, o.N, openingSamples)
	default:
		r.Text = fmt.Sprintf("%s: round trips of %.0f to %.0f ms before the first loss do not tell whether it filled a queue itself", d, float64(o.Min)/1e3, float64(o.Max)/1e3)
	}
	return r, true
}
