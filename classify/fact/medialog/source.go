package medialog

import (
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
)

// Bounds of RFC 3550, appendix A.1.
const (
	maxDropout  = 3000 // numbers that a source may leap
	maxMisorder = 100  // and come late
	// reorder is how late a packet may come and not be lost, packets (rate-and-calls,
	// section 2.9).
	reorder = 64
	// gmin is how many packets in a row must come for a burst of loss to be over
	// (RFC 3611, section 4.7.2).
	gmin = 16
	// pause is the longest silence whose end tells anything of jitter, ns: over longer
	// ones some senders stop their clock.
	pause = 1_000_000_000
)

// source is what is known of one SSRC. It has no pointers; a test holds its size.
type source struct {
	ssrc  uint32
	stamp uint32 // of the packet before
	max   uint32 // highest sequence number, with its cycles
	base  uint32 // the first
	prior uint32 // packets expected before the numbers began anew
	had   uint32 // and when the window began; the fields of the window are at the end
	seen  uint64 // bit k: max-k came
	at    int64  // when the packet before came, ns
	since int64  // of the window, ns

	// Regression of the clock on the time of capture, both from an anchor.
	anchor   uint32 // ms, wrapped
	anchored uint32
	sxx, sxy float32

	jitter float32 // ns
	clock  uint32  // Hz, 0 not known

	lost     uint32
	runs     uint16
	twice    uint16
	late     uint16
	restarts uint8
	typ      uint8

	wild    uint16 // the number that would confirm a new beginning
	run     uint16 // of loss that is not over, of what is settled
	longest uint16 // since the window began
	ever    uint16 // the longest at all

	candLost, candLen uint16 // of what may become a burst
	bursts            uint16
	calm              uint8 // packets in a row since the last loss, up to gmin
	flags             sourceFlag
	burstLost         uint32
	burstLen          uint32

	winLost   uint32
	winJitter float32 // sum over its packets, µs
	winN      uint16
	winRuns   uint16
}

type sourceFlag uint8

const (
	used     sourceFlag = 1 << iota
	accepted            // two in sequence were seen
	repairs
	jumped // wild is valid
	lossy  // candLost counts
)

// fate is what became of the numbers with a packet.
type fate struct {
	valid bool
	lost  uint32 // numbers that were leapt over
	fills bool   // a number came that had counted as lost
}

// begin makes a source of its first packet.
func (s *source) begin(h *rtp.Header, at int64) {
	*s = source{ssrc: h.SSRC, stamp: h.Timestamp, max: uint32(h.Seq) + 1<<16, seen: 1, at: at, since: at, typ: h.Type, flags: used}
	s.base = s.max
	s.anchorAt(h.Timestamp, at)
}

// expected is how many packets the numbers tell of, have those since they began anew.
func (s *source) expected() uint32 { return s.prior + s.have() }
func (s *source) have() uint32     { return s.max - s.base + 1 }

// add books a packet.
func (s *source) add(h *rtp.Header, at int64, runs *[fact.LossRuns]uint32) (f fate) {
	delta := h.Seq - uint16(s.max)
	switch {
	case s.flags&accepted == 0 && delta != 1:
		s.begin(h, at) // on probation: two in sequence are asked for (RFC 3550, appendix A.1)
		return fate{}
	case delta == 0 || delta > 1<<16-maxMisorder:
		f = s.older(uint32(-delta))
	case delta < maxDropout:
		f = s.newer(uint32(delta), runs)
	case s.flags&jumped != 0 && h.Seq == s.wild:
		s.again(h, at, runs)
		return fate{valid: true}
	default:
		s.wild, s.flags = h.Seq+1, s.flags|jumped
		return fate{}
	}
	if f.valid {
		s.flags |= accepted
		s.flags &^= jumped
		s.tick(h, at)
		s.typ = h.Type
	}
	return f
}

// again makes the source begin anew with what it counted so far (RFC 3550, appendix
// A.1: it "restarted without telling us").
func (s *source) again(h *rtp.Header, at int64, runs *[fact.LossRuns]uint32) {
	s.flush(runs)
	was := *s
	s.begin(h, at)
	s.prior = was.expected()
	s.lost, s.runs, s.twice, s.late, s.restarts = was.lost, was.runs, was.twice, was.late, was.restarts
	s.bursts, s.burstLost, s.burstLen, s.ever = was.bursts, was.burstLost, was.burstLen, was.ever
	s.clock, s.jitter, s.flags = was.clock, was.jitter, was.flags&^(jumped|lossy)
	s.since, s.had, s.winLost, s.winRuns, s.longest = was.since, was.had, was.winLost, was.winRuns, was.longest
	s.winJitter, s.winN = was.winJitter, was.winN
	if s.restarts < 1<<8-1 {
		s.restarts++
	}
}

// newer books a number that is step ahead.
func (s *source) newer(step uint32, runs *[fact.LossRuns]uint32) fate {
	s.shift(step, s.have(), runs)
	s.max += step
	if step > 1 {
		s.lost += step - 1
		s.runs++
	}
	return fate{valid: true, lost: step - 1}
}

// shift moves the seen packets on, and settles what falls out.
func (s *source) shift(step, have uint32, runs *[fact.LossRuns]uint32) {
	known := min(have, reorder)
	for k := range min(step, reorder) {
		// The oldest in the map is max-63, if there were that many.
		if at := reorder - 1 - k; at < known {
			s.settle(s.seen>>at&1 != 0, 1, runs)
		}
	}
	if step > reorder { // what lies between is lost for good
		s.settle(false, step-reorder, runs)
	}
	if step >= reorder {
		s.seen = 1
	} else {
		s.seen = s.seen<<step | 1
	}
}

// older books a number that is back behind the highest.
func (s *source) older(back uint32) fate {
	if back >= reorder || back >= s.have() {
		s.late++
		return fate{valid: s.flags&accepted != 0}
	}
	bit := uint64(1) << back
	if s.seen&bit != 0 {
		s.twice++
		return fate{valid: true}
	}
	s.seen |= bit
	s.late++
	s.lost--
	// The run that it was part of ends, shrinks or falls in two.
	newerCame := s.seen>>(back-1)&1 != 0
	olderCame := back+1 >= min(s.have(), reorder) || s.seen>>(back+1)&1 != 0
	switch {
	case newerCame && olderCame:
		s.runs--
	case !newerCame && !olderCame:
		s.runs++
	}
	return fate{valid: true, fills: true}
}

// settle takes n packets in the order of their numbers, whose fate is sealed.
func (s *source) settle(came bool, n uint32, runs *[fact.LossRuns]uint32) {
	if came {
		s.endRun(runs)
		if s.calm < gmin {
			s.calm++
		}
		return
	}
	if s.flags&lossy == 0 || s.calm >= gmin {
		s.endBurst()
		s.flags |= lossy
	} else {
		s.candLen = sum16(s.candLen, uint32(s.calm))
	}
	s.calm = 0
	s.candLen, s.candLost = sum16(s.candLen, n), sum16(s.candLost, n)
	s.run = sum16(s.run, n)
}

// endRun ends a run of loss.
func (s *source) endRun(runs *[fact.LossRuns]uint32) {
	if s.run == 0 {
		return
	}
	runs[min(int(s.run), fact.LossRuns)-1]++
	s.longest, s.ever = max(s.longest, s.run), max(s.ever, s.run)
	s.run = 0
}

// endBurst ends a burst: one loss alone is none.
func (s *source) endBurst() {
	if s.candLost > 1 {
		s.bursts++
		s.burstLost += uint32(s.candLost)
		s.burstLen += uint32(s.candLen)
	}
	s.candLost, s.candLen = 0, 0
}

// flush settles all that is pending, as if nothing of it would come any more.
func (s *source) flush(runs *[fact.LossRuns]uint32) {
	for k := int(min(s.have(), reorder)) - 1; k >= 0; k-- {
		s.settle(s.seen>>k&1 != 0, 1, runs)
	}
	s.endRun(runs)
	s.endBurst()
}

func sum16(a uint16, n uint32) uint16 { return uint16(min(uint32(a)+n, 1<<16-1)) }

// fact writes the source out.
func (s source) fact(runs *[fact.LossRuns]uint32) fact.MediaSource {
	s.flush(runs)
	return fact.MediaSource{
		SSRC: s.ssrc, Type: s.typ, Clock: s.clock, Repairs: s.flags&repairs != 0,
		Expected: s.expected(), Lost: s.lost, Twice: uint32(s.twice), Misordered: uint32(s.late), Restarts: uint32(s.restarts),
		Jitter: time.Duration(s.jitter), Runs: uint32(s.runs), Longest: uint32(s.ever),
		Bursts: uint32(s.bursts), BurstLost: s.burstLost, BurstLen: s.burstLen,
	}
}
