package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Codes of the policer's evidence.
const (
	policeFit     = "P1" // the token bucket accounts for losses and passes
	policeNoQueue = "P2" // round trips had not risen before the losses
	policeRepeat  = "P3" // several stretches show the same bucket
	policeBurst   = "P4" // a bucket as large as policers have
	policeMisfit  = "P5" // stretches that do not fit, or not at that rate
	policeOnset   = "P6" // round trips before the first loss
)

// saw lists what became of every stretch that was put to the test.
func (p *policing) saw(d fact.Dir) []finding.Reason {
	var out []finding.Reason
	for _, t := range append(p.trials[:len(p.trials):len(p.trials)], p.periods...) {
		of := d.String()
		if t.period {
			of += ".period"
		}
		out = append(out, finding.Reason{
			Code: fmt.Sprintf("%s.%d.%d", of, t.origin+1, t.part+1),
			Text: fmt.Sprintf("%s (%s): %d lost, round trip %.0f ms; all losses: code %d at %s; without the outermost %d: code %d at %s",
				t.name(), d, t.lost, 1e3*t.rtt, t.runs[0].code, rateText(8*t.runs[0].rate),
				policedCutoff, t.runs[1].code, rateText(8*t.runs[1].rate)),
		})
	}
	return out
}

// why is what a run failed on, with the figure where one is not told elsewhere.
func (r *replay) why() string {
	if r.code == policeAlike {
		return fmt.Sprintf("%s (a pass met more with a chance of %.2f, %.2f asked)", policeTexts[r.code], r.apart, leastApart)
	}
	return policeTexts[r.code]
}

// name is the stretch, and the part of it, in words.
func (t *trial) name() string {
	what := "stretch"
	if t.period {
		what = "busy period"
	}
	if t.parts < 2 {
		return fmt.Sprintf("%s %d", what, t.origin+1)
	}
	return fmt.Sprintf("%s %d, part %d of %d", what, t.origin+1, t.part+1, t.parts)
}

// stopped names what each stretch that does not fit failed on.
func (p *policing) stopped(d fact.Dir) []finding.Reason {
	var out []finding.Reason
	if len(p.trials) == 0 {
		out = append(out, finding.Reason{Code: "police.1", Text: fmt.Sprintf("%s: no stretch with %d losses (%d with fewer)", d, minPolicedSamples, p.few)})
	}
	for i := range p.trials {
		t := &p.trials[i]
		for k := range t.runs {
			if c := t.runs[k].code; c != policeOK {
				out = append(out, finding.Reason{
					Code: fmt.Sprintf("police.%d", c),
					Text: fmt.Sprintf("%s (%s), run %d: %s", t.name(), d, k+1, t.runs[k].why()),
				})
			}
		}
	}
	return out
}

func (p *policing) speaksFor() []finding.Evidence {
	t := p.agree[0]
	r := t.best()
	fit := finding.Evidence{
		Code: policeFit, Family: finding.Rate, Class: finding.S,
		Text: fmt.Sprintf("a token bucket filled at %s accounts for what was lost and what passed: %.0f bytes of tokens (median) at %d losses, %.0f at %d passes, which met more with a chance of %.2f",
			rateText(8*r.rate), r.onLoss, r.lost, r.onPass, r.passed, r.apart),
		Got: fmt.Sprintf("%d of 2 runs", t.fits()), Want: "2 of 2 runs", Packets: p.packets(),
	}
	if p.verdict == finding.Suspected {
		fit.Class = finding.M
	}
	out := []finding.Evidence{fit}
	if r.checked > 0 {
		out = append(out, finding.Evidence{
			Code: policeNoQueue, Family: finding.Delay, Class: finding.S,
			Text: fmt.Sprintf("the round trip had risen before %d of %d losses only, so no queue had filled", r.inflated, r.lost),
			Got:  fmt.Sprintf("%.0f %%", 100*float64(r.inflated)/float64(r.lost)), Want: fmt.Sprintf("<= %.0f %%", 100*inflatedTolerance),
		})
	}
	if len(p.agree) > 1 {
		out = append(out, finding.Evidence{
			Code: policeRepeat, Family: finding.Multiplicity, Class: finding.S,
			Text: fmt.Sprintf("%d separate stretches show the same rate within %.0f %%", len(p.agree), 100*sameRate),
		})
	}
	if p.kind == finding.RatePoliced {
		out = append(out, finding.Evidence{
			Code: policeBurst, Family: finding.Rate, Class: finding.W,
			Text: fmt.Sprintf("the bucket held %s at the start, a round trip at that rate is %s", finding.Size(p.burst), finding.Size(p.rate*p.rtt)),
			Got:  finding.Size(p.burst), Want: p.wantBurst(),
		})
	}
	if e, ok := onsetEvidence(policeOnset, finding.W, &p.opening); ok && p.kind == finding.RateLimited {
		out = append(out, e)
	}
	return out
}

// wantBurst is what a bucket must hold to be told from a queue of a few packets.
func (p *policing) wantBurst() string {
	if p.burst < minBurst {
		return fmt.Sprintf("a queue of two packets would delay by %.0f ms", 1e3*fewPackets/p.rate)
	}
	return ">= " + finding.Size(minBurst)
}

func (p *policing) speaksAgainst() []finding.Evidence {
	out := []finding.Evidence{}
	against := func(text string) {
		out = append(out, finding.Evidence{Code: policeMisfit, Family: finding.Rate, Class: finding.X, Text: text})
	}
	if p.clash > 0 {
		against(fmt.Sprintf("%d stretches fit a bucket of another rate: other traffic may share it", p.clash))
	}
	if p.kind == finding.RatePoliced && p.burst < wholeBurst*p.rate*p.rtt {
		against(fmt.Sprintf("the bucket holds less than %.0f round trips: the rate is what the sender could sustain, and the bucket may fill faster", wholeBurst))
	}
	if len(p.shared) > 0 {
		against(fmt.Sprintf("%d other flows of the client moved data meanwhile: a bucket they share fills faster than this flow shows", len(p.shared)))
	}
	misfits := 0
	for i := range p.trials {
		if p.trials[i].fits() == 0 {
			misfits++
		}
	}
	if p.stop != policeOK {
		against(policeTexts[p.stop])
	} else if misfits > 0 {
		against(fmt.Sprintf("%d of %d stretches with losses fit no bucket", misfits, len(p.trials)))
	}
	if p.kind == finding.RateLimited && p.stop == policeOK {
		against(p.smallBucket())
	}
	if e, ok := onsetEvidence(policeOnset, finding.X, &p.opening); ok && p.kind == finding.RatePoliced && onsetOf(&p.opening) == onsetRisen {
		out = append(out, e)
	}
	return out
}

// smallBucket says why a bucket that fits is not told: it holds too little.
func (p *policing) smallBucket() string {
	if p.burst < minBurst {
		return fmt.Sprintf("the bucket held %s only: a queue of a few packets looks the same below %s", finding.Size(max(p.burst, 0)), finding.Size(minBurst))
	}
	return fmt.Sprintf("the bucket held %s, less than %.1f round trips: what the sender could sustain looks the same", finding.Size(p.burst), leastTrips)
}

// lookAlikes lists what else makes losses: ruled out by the replay, or not.
func (p *policing) lookAlikes() (out, not []string) {
	out, not = []string{}, []string{}
	if p.kind == finding.RateLimited {
		return out, append(not, "policer", "full_queue")
	}
	out = append(out, "random_loss", "full_queue", "active_queue_management")
	if len(p.shared) > 0 || p.clash > 0 || len(p.agree) < 2 {
		not = append(not, "shared_bucket")
	}
	return out, not
}
