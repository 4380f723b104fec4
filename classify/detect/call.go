package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// CallDegraded finds calls whose media are lost, late or full of holes while they go
// on (rate-and-calls, 2.9 and 2.10). What ends a call is [DropCall]'s.
//
// That a call is bad is certain where its packets have numbers. That somebody makes it
// bad takes that the client's other traffic is spared meanwhile: a bad link looks the
// same otherwise.
type CallDegraded struct{}

// Name returns "call.degraded".
func (CallDegraded) Name() string { return string(finding.CallDegraded) }

const (
	// seenMedia is the least share of media that must have numbers for these to speak
	// for the call, unseenMedia the most for its spacing alone to speak.
	seenMedia, unseenMedia = 0.8, 0.1
	// mergedMedia is how much of the media may have come in merged frames whose
	// headers were not captured.
	mergedMedia = 0.01
	// fewRuns of loss are an outage, not a quality: a handover looks the same.
	fewRuns = 3
	// ownHoles is the share of numbers missing in what a host sends, at the host, from
	// which on it is the capture that loses.
	ownHoles = 0.01
	// slowTrips times the least round trip, for one question in ten, is a path with a
	// queue (rate-and-calls, 2.10), if there were someTrips.
	slowTrips, someTrips = 3, 5
)

// Codes of the evidence about calls.
const (
	callLoss   = "Q1" // numbers are missing
	callGaps   = "Q2" // holes in even media
	callSpared = "Q3" // other traffic of the client is not lost meanwhile
	callAlike  = "Q4" // it is
	callTrips  = "Q5" // round trips on the call's own flow
	callMOS    = "Q6" // what listeners would say
)

// Judge judges one flow.
func (CallDegraded) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("media", "media of a call of a known service, with RTP's numbers or evenly spaced")
	j.needs("window", "a window of 10 s with loss over %.0f %%, jitter over %d ms or nothing for %d ms; without numbers %d holes of %d ms",
		100*fact.BadLoss, fact.BadJitter.Milliseconds(), fact.BadRun.Milliseconds(), fact.BadGaps, fact.MediaGap.Milliseconds())
	j.needs("spared", "other traffic of the client that is not lost meanwhile")
	c := f.Call
	switch {
	case !isUDP(f) || f.App == "quic" || f.App == "dns":
		return j
	case c == nil:
		j.stop("no_media", "no media of a call were seen")
		return j
	case f.Label.Service == "":
		j.stop("no_service", "it is of no known service")
		return j
	case localAddr(f.Key.DstAddr()):
		j.stop("local", "the far end is on this side of the uplink")
		return j
	}
	for _, d := range callWays(f.Vantage) {
		b := &badCall{f: f, w: w, d: d, way: &c.Ways[d]}
		b.judge(&j)
	}
	return j
}

// callWays are the directions whose media come from afar at a vantage. Holes in what
// a host sends are its own, or the capture's.
func callWays(vantage string) []fact.Dir {
	switch vantage {
	case "server":
		return []fact.Dir{fact.Up}
	case "gateway", "span":
		return []fact.Dir{fact.Down, fact.Up}
	}
	return []fact.Dir{fact.Down}
}

// badCall is one direction of a call.
type badCall struct {
	f   *fact.Flow
	w   *fact.World
	d   fact.Dir
	way *fact.MediaWay
}

func (b *badCall) judge(j *Judgement) {
	m := b.way
	if m.Media == 0 {
		j.stop("no_media", "%s: no media", b.d)
		return
	}
	if n := b.f.Call.Merged; float64(n) > mergedMedia*float64(m.Media) {
		j.stop("merged", "%d datagrams came in merged frames whose headers were not captured: their numbers are not known", n)
		return
	}
	switch seen := m.Seen(); {
	case seen >= seenMedia:
		b.byNumbers(j)
	case seen <= unseenMedia:
		b.bySpacing(j)
	default:
		j.stop("half_seen", "%s: %.0f %% of the media have numbers: neither those nor the rest speak for the call", b.d, 100*seen)
	}
}

// byNumbers judges media that RTP numbers.
func (b *badCall) byNumbers(j *Judgement) {
	h := &b.way.Held
	for i := range b.way.Sources {
		s := &b.way.Sources[i]
		j.saw("source", "%s: source %08x, type %d, clock %d Hz: %d of %d packets lost (%.1f %%) in %d runs, the longest %d; %d bursts; jitter %.1f ms%s",
			b.d, s.SSRC, s.Type, s.Clock, s.Lost, s.Expected, 100*s.Share(), s.Runs, s.Longest, s.Bursts, inMillis(s.Jitter), saidRepairs(s))
		if s.Told.Reports > 0 {
			j.saw("reported", "%s: the far end reports %d packets of source %08x lost (packet %d)", b.d, s.Told.Lost, s.SSRC, s.Told.At.Num)
		}
	}
	switch {
	case h.Windows == 0:
		j.stop("too_short", "%s: no window of 10 s, nor half a one, had enough packets", b.d)
	case h.Bad == 0:
		j.stop("good", "%s: none of %d windows was bad", b.d, h.Windows)
	case b.elsewhere(j):
	default:
		j.settleCall(b.numbered(j), b)
		b.clamped(&j.Findings[len(j.Findings)-1], j)
	}
}

func saidRepairs(s *fact.MediaSource) string {
	if s.Repairs {
		return "; it repairs another"
	}
	return ""
}

// elsewhere: a source's packets went over two paths at once, as when ICE changes the
// path (RFC 8445, section 8.3); each of them has holes where the other's are.
func (b *badCall) elsewhere(j *Judgement) bool {
	for i := range b.way.Sources {
		s := &b.way.Sources[i]
		if id := b.w.Elsewhere(fact.StreamKey{Client: b.f.Key.SrcAddr(), SSRC: s.SSRC}, b.f.ID); id != 0 && s.Lost > 0 {
			j.stop("two_paths", "%s: source %08x also went through %s: what is missing here went there", b.d, s.SSRC, id)
			return true
		}
	}
	return false
}

// span is when the call was bad, as far as is known, ns.
func (b *badCall) span() (from, to int64) {
	from, to = b.way.Held.First, b.way.Held.Last
	if len(b.way.Holes) > 0 && b.way.Holes[0].Time > from {
		from = b.way.Holes[0].Time
	}
	return from, max(from, to)
}

// started begins a finding about the direction.
func (b *badCall) started(from, to int64) finding.Finding {
	fd := Start(b.f, b.w, finding.CallDegraded)
	fd.Function, fd.Key = "call", b.d.String()
	fd.From, fd.To = Time(from), Time(to)
	fd.Direction, fd.Segment = finding.ToClient, finding.ServerSide
	if b.d == fact.Up {
		fd.Direction, fd.Segment = finding.ToServer, finding.ClientSide
	}
	fd.Packets = markNumbers(append(b.way.Holes, b.way.Last)...)
	if len(b.way.Holes) > 0 {
		fd.Packets = markNumbers(b.way.Holes...)
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "callee_link")
	return fd
}

// numbered says what is missing, or late.
func (b *badCall) numbered(j *Judgement) finding.Finding {
	h := &b.way.Held
	from, to := b.span()
	fd := b.started(from, to)
	loss, jitter := float64(h.Lost)/float64(max(h.Expected, 1)), inMillis(h.WorstJitter)
	fd.Loss, fd.JitterMs = &loss, &jitter
	worst := b.worst()
	if ratio := worst.BurstRatio(); ratio > 0 {
		fd.BurstRatio = &ratio
	}
	fd.Summary = b.text(worst)
	e := finding.Evidence{Code: callLoss, Family: finding.Sequence, Class: finding.S, Text: fd.Summary,
		Got: fmt.Sprintf("%.1f %%", 100*loss), Want: fmt.Sprintf("<= %.0f %%", 100*fact.BadLoss), Packets: fd.Packets}
	switch {
	case h.Loss+h.Run == 0:
		e.Family, e.Class = finding.Delay, finding.W
		e.Got, e.Want = fmt.Sprintf("%.0f ms", jitter), fmt.Sprintf("<= %d ms", fact.BadJitter.Milliseconds())
		j.stop("jitter_only", "%s: nothing is missing; packets come unevenly, as behind any queue", b.d)
	case h.Runs < fewRuns:
		e.Class = finding.W
		j.stop("outage", "%s: all that is missing is missing at once (%d runs, %d are needed): a handover or a short outage looks the same", b.d, h.Runs, fewRuns)
	default:
		b.compare(&fd, j, from, to)
	}
	fd.For = append(fd.For, e)
	b.trips(&fd)
	b.opinion(&fd, worst)
	return fd
}

// worst is the source that lost the largest share of its packets.
func (b *badCall) worst() *fact.MediaSource {
	var worst *fact.MediaSource
	for i := range b.way.Sources {
		s := &b.way.Sources[i]
		if !s.Repairs && (worst == nil || s.Share() > worst.Share() && s.Expected >= worst.Expected/8) {
			worst = s
		}
	}
	return worst
}

// text is the finding's sentence.
func (b *badCall) text(worst *fact.MediaSource) string {
	h := &b.way.Held
	whose := "what the call's far end sends"
	if b.d == fact.Up {
		whose = "what the caller sends"
	}
	return fmt.Sprintf("%s misses %d of %d packets by their numbers (%.1f %%) in %d of %d windows (10 s of a source each), in runs of %.1f on average, up to %.0f ms at a time; jitter up to %.1f ms",
		whose, h.Lost, h.Expected, 100*float64(h.Lost)/float64(max(h.Expected, 1)), h.Bad, h.Windows,
		float64(worst.Lost)/float64(max(worst.Runs, 1)), inMillis(h.Longest), inMillis(h.WorstJitter))
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// trips says what the round trips on the call's own flow were meanwhile.
func (b *badCall) trips(fd *finding.Finding) {
	t := &b.f.Call.Trips
	if t.N < someTrips {
		return
	}
	text := fmt.Sprintf("%d questions on the call's own flow were answered within %.0f ms at best, nine in ten within %.0f ms; %d were not",
		t.N, inMillis(t.Floor), inMillis(t.P90), t.Unanswered)
	e := finding.Evidence{Code: callTrips, Family: finding.Delay, Class: finding.W, Text: text}
	if t.P90 > slowTrips*t.Floor {
		e.Class = finding.X
		fd.Against = append(fd.Against, e)
		fd.NotRuledOut = append(fd.NotRuledOut, "own_queue")
		return
	}
	fd.For = append(fd.For, e)
	fd.RuledOut = append(fd.RuledOut, "full_queue")
}

// settleCall gives the finding its verdict.
func (j *Judgement) settleCall(fd finding.Finding, b *badCall) {
	stop := append(dropVetoes(b.f, b.w), b.vetoes()...)
	from, to := fd.From.UnixNano(), fd.To.UnixNano()
	stop = append(stop, addLink(&fd, b.f, b.w, from, to)...)
	ceiling := finding.Likely
	if Fuse(fd.For).Rank() < finding.Suspected.Rank() || len(fd.Against) > 0 {
		ceiling = finding.Unexplained
	}
	j.settle(fd, stop, ceiling)
}

// vetoes are those of quality alone: a capture that misses what this host sends misses
// what comes, too.
func (b *badCall) vetoes() []finding.Reason {
	own := &b.f.Call.Ways[b.d.Other()]
	expected, lost, _ := own.Lost()
	if b.f.Vantage != "host" || own.Seen() < seenMedia || float64(lost) <= ownHoles*float64(expected) {
		return nil
	}
	return []finding.Reason{{Code: "capture_gap",
		Text: fmt.Sprintf("%d of %d packets that this host itself sent are missing, too: the capture lost them, or the host did", lost, expected)}}
}
