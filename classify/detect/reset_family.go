package detect

import (
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// resetFamily is a published print of a make of resets (resets-and-drops, section
// 6.1). It is a label for resets that other rules have found, never evidence.
type resetFamily struct {
	name  string
	bears func(*resetCase, []resetSign) bool
}

// resetFamilies are tried in order, the most particular first.
var resetFamilies = []resetFamily{
	{"the Henan injector (XTLS 2426: ten bytes 01 to 09 and 00)", (*resetCase).henan},
	{"the injector reported from Tajikistan (22 zero bytes)", (*resetCase).tajik},
	{"Sandvine (Weaver 2009: +12503)", (*resetCase).sandvine},
	{"the GFW's answer to SYN and SYN/ACK (net4people 285, 511: three in lockstep)", (*resetCase).gfwLockstep},
	{"the GFW of 2006 (Clayton: +1460, +4380)", (*resetCase).gfwClassic},
	{"the GFW (Weaver 2009: RST+ACK with the NS flag)", (*resetCase).gfwNonce},
	{"the injectors reported from Iran (three in sequence, two beside)", (*resetCase).iran},
	{"the injectors reported from Iran (page in a FIN of 402 to 405 bytes)", (*resetCase).iranPage},
	{"the injector reported from Brunei (IP id of the trigger)", (*resetCase).brunei},
	{"in-path rewriting (as reported of the TSPU)", (*resetCase).tspu},
	{"the GFW (RST with RST+ACK, or three RST+ACK, without options)", (*resetCase).gfwMixed},
}

// family names the published family whose print the resets bear, "" none.
func (c *resetCase) family(counted []resetSign) string {
	for _, f := range resetFamilies {
		if f.bears(c, counted) {
			return f.name
		}
	}
	return ""
}

func (c *resetCase) anyReset(is func(*fact.Reset) bool) bool {
	return slices.ContainsFunc(c.resets, func(r fact.Reset) bool { return is(&r) })
}

func (c *resetCase) henan([]resetSign) bool { return c.dir == fact.Down && c.anyReset(isHenan) }

func (c *resetCase) tajik([]resetSign) bool { return c.anyReset(isTajik) }

// sandvine: two resets, and the step between them. Their IP ids are 4 and then 1
// beyond what came before (IPv6 has none).
func (c *resetCase) sandvine([]resetSign) bool {
	if len(c.resets) != 2 || seqDelta(c.resets[1].Seq, c.resets[0].Seq) != sandvineStep {
		return false
	}
	a, b := c.resets[0].IPID, c.resets[1].IPID
	return !a.Ok || !b.Ok || b.V-a.V == 1
}

func (c *resetCase) gfwLockstep(counted []resetSign) bool {
	coupled := func(s resetSign) bool { return s.code == "R5" && s.class == finding.C }
	bareOne := func(r *fact.Reset) bool { return !r.HasAck }
	return slices.ContainsFunc(counted, coupled) && !c.anyReset(bareOne)
}

func (c *resetCase) gfwClassic([]resetSign) bool {
	const first, second = 1460, 4380
	return len(c.resets) >= 3 && seqDelta(c.resets[1].Seq, c.resets[0].Seq) == first && seqDelta(c.resets[2].Seq, c.resets[0].Seq) == second
}

func (c *resetCase) gfwNonce([]resetSign) bool {
	return c.anyReset(func(r *fact.Reset) bool {
		return r.HasAck && r.Flags&capture.NS != 0 && r.Flags&(capture.ECE|capture.CWR) == 0
	})
}

// iran: five, three of one number in sequence and two of another.
func (c *resetCase) iran([]resetSign) bool { return c.threeAndTwo() }

func (c *resetCase) iranPage([]resetSign) bool {
	const least, most = 402, 405
	page := func(x fact.FIN) bool {
		return x.PayloadLen >= least && x.PayloadLen <= most && x.Flags&(capture.PSH|capture.ACK) == capture.PSH|capture.ACK
	}
	return slices.ContainsFunc(c.fins, page)
}

func (c *resetCase) brunei([]resetSign) bool {
	return c.anyReset(func(r *fact.Reset) bool { _, ok := c.triggerIPID(r); return ok })
}

func (c *resetCase) tspu(counted []resetSign) bool { return technique(counted) == "rewrite" }

func (c *resetCase) gfwMixed([]resetSign) bool {
	const burst = int64(5 * time.Millisecond)
	bare, acked := 0, 0
	for i := range c.resets {
		r := &c.resets[i]
		switch {
		case r.OptsLen != 0 || r.SYNOnly || r.Time-c.first().Time > burst:
			return false
		case r.HasAck:
			acked++
		default:
			bare++
		}
	}
	return acked >= 3 || acked >= 1 && bare >= 1
}

// threeAndTwo reports five resets within a second, three with the next number and
// two with another, as reported from Iran (an offset of 30 was seen).
func (c *resetCase) threeAndTwo() bool {
	const all, next = 5, 3
	if len(c.resets) != all || c.resets[all-1].Time-c.first().Time > int64(time.Second) {
		return false
	}
	in, beside := 0, map[uint32]int{}
	for i := range c.resets {
		if r := &c.resets[i]; r.SeqAhead.Ok && r.SeqAhead.V == 0 {
			in++
		} else {
			beside[r.Seq]++
		}
	}
	return in == next && len(beside) == 1
}
