package detect

import (
	"fmt"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds that the drop detectors share (resets-and-drops, section 5).
const (
	// dropRetries is how many retransmissions of one range must have gone
	// unanswered: at 1 % random loss four copies in a row are lost once in
	// 10^8 times, at 5 % once in 160 000.
	dropRetries = 3
	// dropPatience is how long a copy is given to be answered when no round
	// trip was measured, ns: the initial retransmission timeout of RFC 6298
	// section 2.1.
	dropPatience = int64(time.Second)
	// mtuDoubt is the TCP payload from which a lost segment may have been too
	// big for the path: 1280, the least IPv6 must carry (RFC 8200 section 5),
	// less 40 bytes of headers.
	mtuDoubt = 1240
)

// dropWait is how long the far end is given to answer one copy, ns.
func dropWait(f *fact.Flow) int64 {
	if rtt := f.RTTMin(fact.Up); rtt.Ok {
		return max(2*int64(rtt.V), int64(200*time.Millisecond))
	}
	return dropPatience
}

// unanswered counts the copies that were given time to be answered.
func unanswered(copies []fact.Mark, f *fact.Flow) int {
	n := 0
	for _, m := range copies {
		if m.Time+dropWait(f) <= f.Now {
			n++
		}
	}
	return n
}

// dropVetoes lists what stands between silence and the conclusion that the network
// made it (section 5.0). Any of them caps the verdict at inconclusive.
func dropVetoes(f *fact.Flow, w *fact.World) []finding.Reason {
	var out []finding.Reason
	veto := func(cond bool, code, text string) {
		if cond {
			out = append(out, finding.Reason{Code: code, Text: text})
		}
	}
	blind := f.Blind | w.Blind
	veto(blind&fact.BlindGap != 0, "capture_gap", "the capture lost packets that a peer acknowledges")
	veto(blind&fact.BlindKernelDrops != 0, "kernel_drops", "the capture reports lost packets")
	veto(blind&fact.BlindOneWay != 0, "one_way", "only one direction was captured: an answer would not be seen")
	veto(blind&fact.BlindOneWay == 0 && nothingAnswered(w), "one_way", "nothing in the whole capture was answered: only one direction may have been captured")
	veto(blind&fact.BlindClockStep != 0, "clock_step", "capture time stepped back: waiting times cannot be trusted")
	veto(f.Blind&fact.BlindTruncated != 0, "truncated", "the input broke off within this flow")
	veto(f.Blind&fact.BlindSynthetic != 0, "synthetic", "the recorder made these headers up: its acknowledgements are not the network's")
	veto(f.Blind&fact.BlindEvicted != 0 || f.End == fact.EndEvicted, "evicted", "the flow was forgotten before its end")
	if r, did := localVeto(f); did {
		out = append(out, r)
	}
	veto(tooBig(f), "mtu", "a router said that packets of this flow are too big for the path")
	return out
}

// nothingAnswered reports that no connection and no query was seen to get an
// answer so far. A capture of one direction looks like that, and so does a dead
// link.
func nothingAnswered(w *fact.World) bool { return len(w.Controls) == 0 && len(w.Resolvers) == 0 }

// Hearsay reports a finding that rests on what the side that was captured says of the
// other: it counts one step less.
func Hearsay(fd *finding.Finding) bool {
	return slices.Contains(fd.Blind, "one_way") && slices.ContainsFunc(fd.For, func(e finding.Evidence) bool { return e.Family == finding.Demand })
}

// Less is the verdict one step less certain.
func Less(v finding.Verdict) finding.Verdict {
	switch v {
	case finding.Confirmed:
		return finding.Likely
	case finding.Likely:
		return finding.Suspected
	}
	return finding.Unexplained
}

// clientTestifies reports that only the client was captured, from its SYN on: that it
// sends again what an answer would have settled, and acknowledges nothing new, tells
// that no answer reached it.
func clientTestifies(f *fact.Flow) bool {
	return f.Sides[fact.Down].Packets == 0 && f.Blind&fact.BlindMidstream == 0 && !f.Stall[fact.Up].Heard
}

// hearsay are the vetoes of detectors whose question the client alone can answer: that
// only one direction was captured is none, where it does.
func hearsay(f *fact.Flow, w *fact.World, stop []finding.Reason) []finding.Reason {
	if !clientTestifies(f) || nothingAnswered(w) {
		return stop
	}
	return slices.DeleteFunc(stop, func(r finding.Reason) bool { return r.Code == "one_way" })
}

// atServer is the veto of detectors whose question is whether the server was
// reached: a tap at the server saw that it was, and that it kept silent itself.
func atServer(f *fact.Flow) []finding.Reason {
	if f.Vantage != "server" {
		return nil
	}
	return []finding.Reason{{Code: "server_tap", Text: "taken at the server: it was reached and kept silent itself"}}
}

// captureEnded says that the input ended before the question was settled.
func captureEnded(copies int) finding.Reason {
	return finding.Reason{Code: "capture_ended",
		Text: fmt.Sprintf("the capture ends after %d retransmissions, too soon to call it silence", copies)}
}

// tooBig reports an ICMP "fragmentation needed" (RFC 1191 section 4) or
// "packet too big" (RFC 4443 section 3.2) about the flow.
func tooBig(f *fact.Flow) bool {
	return slices.ContainsFunc(f.ICMPs, func(m fact.ICMP) bool {
		return m.V6 && m.Type == 2 || !m.V6 && m.Type == 3 && m.Code == 4
	})
}

// settle gives a drop its verdict and adds it to the judgement: what the
// evidence weighs, at most ceiling; inconclusive without a live control or
// with a veto.
func (j *Judgement) settle(fd finding.Finding, stop []finding.Reason, ceiling finding.Verdict) {
	v := Cap(Fuse(fd.For), ceiling)
	if Hearsay(&fd) {
		v = Less(v)
	}
	if len(fd.Controls) == 0 {
		stop = append(stop, finding.Reason{Code: "no_control",
			Text: "nothing of another party was seen to work meanwhile: a dead link, host or server looks the same"})
	}
	for _, r := range stop {
		noteBlind(&fd, r.Code)
	}
	if len(stop) == 1 && stop[0].Code == goodBye {
		fd.Lacks = goodBye
	}
	j.Stopped = append(j.Stopped, stop...)
	Conclude(&fd, v)
	if len(stop) > 0 {
		lacking(&fd, stop...)
	}
	fd.Filter = Filter(fd.Packets...)
	j.Findings = append(j.Findings, fd)
}

// noteBlind adds a code to what could not be seen, once.
func noteBlind(fd *finding.Finding, code string) {
	if !slices.Contains(fd.Blind, code) {
		fd.Blind = append(fd.Blind, code)
	}
}

// stop notes why there is no finding.
func (j *Judgement) stop(code, format string, args ...any) {
	if j.terse {
		return
	}
	j.Stopped = append(j.Stopped, finding.Reason{Code: code, Text: fmt.Sprintf(format, args...)})
}

// saw and needs feed --why-not.
func (j *Judgement) saw(code, format string, args ...any) {
	if j.terse {
		return
	}
	j.Saw = append(j.Saw, finding.Reason{Code: code, Text: fmt.Sprintf(format, args...)})
}

func (j *Judgement) needs(code, format string, args ...any) {
	if j.terse {
		return
	}
	j.Needed = append(j.Needed, finding.Reason{Code: code, Text: fmt.Sprintf(format, args...)})
}

// span is a time, ns, that is spelt only where it is printed.
type span int64

func (s span) String() string { return spellNs(int64(s)) }

// markNumbers lists the packet numbers of marks, each once, in order.
func markNumbers(marks ...fact.Mark) []uint64 {
	out := []uint64{}
	for _, m := range marks {
		if m.Num != 0 {
			out = append(out, m.Num)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spellNs writes a duration, ns, as people read it.
func spellNs(ns int64) string {
	switch d := time.Duration(ns); {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(ns)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(ns)/1e6)
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// isTCP is what the drop detectors of this package judge.
func isTCP(f *fact.Flow) bool { return f.Key.Proto == capture.ProtoTCP }
