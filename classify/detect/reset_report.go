package detect

import (
	"cmp"
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// maxNamed bounds the packets a finding names.
const maxNamed = 16

// report writes the finding down.
func (c *resetCase) report(r *resetRuling) finding.Finding {
	kind := finding.ResetSeen
	if r.verdict.Rank() >= finding.Suspected.Rank() {
		kind = finding.ResetInjected
	}
	f := Start(c.f, c.w, kind)
	Conclude(&f, r.verdict)
	if r.verdict == finding.Inconclusive {
		lacking(&f, r.lacks...)
	}
	f.Key = "rst_" + c.dir.String()
	f.Direction = finding.ToClient
	if c.dir == fact.Up {
		f.Direction = finding.ToServer
	}
	if r.verdict == finding.Benign {
		f.BenignCause = r.cause
	}
	f.For = append(f.For, r.forIt...)
	f.Against = append(f.Against, r.against...)
	f.RuledOut = append(f.RuledOut, c.ruledOut(r)...)
	f.NotRuledOut = append(f.NotRuledOut, c.notRuledOut(r)...)
	f.Packets = append(f.Packets, c.named(r)...)
	f.Filter = Filter(f.Packets...)
	f.Summary = c.summary(r)
	if kind == finding.ResetInjected {
		f.Technique = technique(r.counted)
		f.Hops, f.Segment = c.place(f.Technique)
		f.ConsistentWith = c.family(r.counted)
		f.Survived = c.survived()
	}
	c.stage(&f)
	c.span(&f)
	return f
}

// stage labels the finding as Radar would, if its resets were the flow's first: the
// signatures are told by who was first.
func (c *resetCase) stage(f *finding.Finding) {
	if len(c.f.Resets) == 0 || c.f.Resets[0].Dir != c.dir {
		return
	}
	if s := fact.Stage(c.f); s != fact.StageNone {
		f.Stage, f.Signature = s, fact.Signature(c.f)
	}
}

// Liftable reports whether a finding may be made surer because the same was seen
// elsewhere. Resets that are too many or come from elsewhere, and show nothing more,
// are counts and estimates: what misleads them once, a load or a balancer, does so
// on every connection.
func Liftable(f *finding.Finding) bool {
	if f.Kind != finding.ResetInjected {
		return true
	}
	return slices.ContainsFunc(f.For, func(e finding.Evidence) bool {
		return rank(e.Class) > 0 && e.Family != finding.Multiplicity && e.Family != finding.Identity
	})
}

// span dates the finding by its first and last abortive packet.
func (c *resetCase) span(f *finding.Finding) {
	if n := len(c.resets); n > 0 {
		f.From, f.To = Time(c.resets[0].Time), Time(c.resets[n-1].Time)
	} else if n := len(c.fins); n > 0 {
		f.From, f.To = Time(c.fins[0].Time), Time(c.fins[n-1].Time)
	}
}

// technique names how it was done, after the most telling strong sign.
func technique(counted []resetSign) string {
	for _, t := range []string{"fin", "payload", "rewrite", "train"} {
		for i := range counted {
			if counted[i].technique == t && strong(counted[i].class) {
				return t
			}
		}
	}
	return "race"
}

// named lists the offending packets first, then those they are compared with.
func (c *resetCase) named(r *resetRuling) []uint64 {
	var cited, offending, rest []uint64
	for i := range r.counted {
		if r.counted[i].class != finding.W {
			cited = append(cited, r.counted[i].packets...)
		}
	}
	own := nums(c.resets)
	for i := range c.fins {
		if c.fins[i].Num != 0 && slices.Contains(cited, c.fins[i].Num) {
			own = append(own, c.fins[i].Num)
		}
	}
	slices.Sort(own)
	for _, n := range own {
		if len(cited) == 0 || slices.Contains(cited, n) {
			offending = append(offending, n)
		}
	}
	if len(offending) == 0 && len(own) > 0 {
		offending = own[:1]
	}
	slices.Sort(cited)
	for _, n := range slices.Compact(cited) {
		if n != 0 && !slices.Contains(offending, n) {
			rest = append(rest, n)
		}
	}
	all := append(offending, rest...)
	return all[:min(len(all), maxNamed)]
}

// summary is one plain sentence.
func (c *resetCase) summary(r *resetRuling) string {
	switch {
	case r.verdict == finding.Benign:
		return fmt.Sprintf("RST from %s: %s", c.address(), lower(r.why))
	case r.verdict == finding.Inconclusive:
		return fmt.Sprintf("RST from %s: %s, so it cannot be told whether it is genuine", c.address(), r.lacks[0].Text)
	case r.verdict.Rank() < finding.Suspected.Rank():
		return fmt.Sprintf("RST from %s %s; nothing shows why", c.address(), c.when())
	}
	lead := &r.counted[0]
	what := "RST"
	if lead.fin {
		what = "FIN"
	}
	return fmt.Sprintf("%s claims to come from %s but %s", what, c.address(), lead.clause)
}

// when places the first reset in the flow.
func (c *resetCase) when() string {
	r, h := c.first(), &c.f.Hello
	switch {
	case r.SYNOnly:
		return "in answer to the SYN"
	case h.First.Num != 0 && h.First.Num < r.Num && (h.Data.Num == 0 || h.Data.Num > r.Num):
		return inMs(Time(r.Time).Sub(Time(h.First.Time))) + " after the hello"
	case r.UpBytes+r.DownBytes == 0:
		return "before any data"
	}
	return fmt.Sprintf("after %d bytes up and %d down", r.UpBytes, r.DownBytes)
}

// ruledOut names the innocent causes that the facts exclude.
func (c *resetCase) ruledOut(r *resetRuling) []string {
	var out []string
	if len(c.resets) > 0 {
		x := c.first()
		if x.HandshakeOK {
			out = append(out, "refused")
		}
		if x.PrevSame != 0 && x.Time-x.PrevSame <= int64(idleCut) {
			out = append(out, "idle_timeout")
		}
		if !finBefore(x) {
			out = append(out, "after_close")
		}
	}
	if r.verdict == finding.Confirmed {
		out = append(out, c.abortCause())
	}
	return out
}

// notRuledOut names those that remain.
func (c *resetCase) notRuledOut(r *resetRuling) []string {
	if r.verdict == finding.Confirmed || r.verdict == finding.Benign {
		return nil
	}
	return []string{c.abortCause(), "load_balancer", "policy_of_the_far_end"}
}

func (c *resetCase) abortCause() string { return c.who() + "_abort" }

// sortSigns puts the strongest first; rules keep their order among equals.
func sortSigns(s []resetSign) {
	slices.SortStableFunc(s, func(a, b resetSign) int { return cmp.Compare(rank(b.class), rank(a.class)) })
}

func sortEvidence(e []finding.Evidence) {
	slices.SortStableFunc(e, func(a, b finding.Evidence) int { return cmp.Compare(rank(b.Class), rank(a.Class)) })
}

func lower(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' || len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}
