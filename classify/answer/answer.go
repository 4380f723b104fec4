package answer

import (
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// maxListed bounds the finding ids of one answer, the surest first.
const maxListed = 256

// answer puts the record together.
func (v *view) answer() Service {
	status := v.status()
	cause := v.cause(status)
	blind := v.blind(status)
	s := Service{
		Type: "service", Service: v.id, Name: v.info.Name, Category: v.info.Category,
		Status: status, Works: v.works(), Cause: cause,
		Since: v.since(status), Flows: v.seen.flows,
		Attempts:  Attempts{Tried: v.total.connections(), Failed: v.total.failed + v.total.spare},
		Undecided: v.total.open,
		Names:     Attempts{Tried: v.total.names, Failed: v.total.denied},
		Clients:   v.clients(),
		How:       v.how(status),
		Findings:  v.findings(),
		Functions: words(v.functions), Places: places(v.places),
		Fits: v.fits(status, cause), CannotTell: v.cannotTell(status, cause, blind),
		Next: v.next(status, blind), Blind: blind,
		BytesDown: v.seen.bytes[fact.Down], BytesUp: v.seen.bytes[fact.Up],
		OpensMs: v.seen.opens.median(), Loss: v.seen.loss(), Controls: v.controls,
		RateDownBps: rate(v.seen.peak[fact.Down]), RateUpBps: rate(v.seen.peak[fact.Up]),
	}
	s.Rates = v.rates()
	s.Sentence = v.sentence(&s)
	return s
}

func words(by map[string]Status) map[string]string {
	out := make(map[string]string, len(by))
	for name, st := range by {
		out[name] = string(st)
	}
	return out
}

// places is nil where none was seen.
func places(by map[string]Status) map[string]string {
	if len(by) == 0 {
		return nil
	}
	return words(by)
}

func rate(bps float64) *float64 {
	if bps < rateFloor {
		return nil
	}
	return &bps
}

func (v *view) rates() map[string]float64 {
	var out map[string]float64
	for name, t := range v.seen.functions {
		if t.peak < rateFloor {
			continue
		}
		if out == nil {
			out = map[string]float64{}
		}
		out[name] = t.peak
	}
	return out
}

// since is when the trouble was first seen.
func (v *view) since(s Status) *time.Time {
	if s == OK || s == Unseen || s == Inconclusive {
		return nil
	}
	var first time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t.UTC()
		}
	}
	for _, f := range v.about {
		if raises(f) && v.concerns(f) {
			earlier(f.From)
		}
	}
	if v.mainTotal.firstFail != 0 && (first.IsZero() || s == Failing) {
		earlier(time.Unix(0, v.mainTotal.firstFail))
	}
	if first.IsZero() {
		return nil
	}
	return &first
}

func (v *view) clients() Clients {
	c := Clients{Tried: len(v.seen.clients)}
	for _, affected := range v.seen.clients {
		if affected {
			c.Affected++
		}
	}
	return c
}

// how lists the kinds behind the status, the surest first. A suspicion is
// told where no cause is shown.
func (v *view) how(s Status) []finding.Kind {
	out := []finding.Kind{}
	have := map[finding.Kind]bool{}
	for _, f := range v.telling(s) {
		if !have[f.Kind] {
			have[f.Kind] = true
			out = append(out, f.Kind)
		}
	}
	return out
}

// telling lists the findings that the status stands on, or that hint at why it
// fails.
func (v *view) telling(s Status) []*finding.Finding {
	var out []*finding.Finding
	for _, list := range [][]*finding.Finding{v.about, v.hostWide} {
		for _, f := range list {
			if !v.concerns(f) {
				continue
			}
			hint := s == Failing && f.Verdict == finding.Suspected && effectOn(f) != noEffect
			stands := raises(f) && s != OK && s != Unseen
			if f.Service == "" {
				stands = stands && v.has(blocks)
			}
			if hint || stands {
				out = append(out, f)
			}
		}
	}
	return out
}

func (v *view) findings() []string {
	out := []string{}
	for _, f := range v.about {
		if len(out) == maxListed {
			break
		}
		out = append(out, f.ID)
	}
	return out
}
