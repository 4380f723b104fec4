package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// mediaSilence is how long nothing must come while the caller sends on, ns, and
	// mediaRate how much it must send, datagrams per second (resets-and-drops, D8).
	mediaSilence = int64(3 * time.Second)
	mediaRate    = 10.0
	// mediaBoth is how many datagrams of media each way make a call under way: one
	// second of voice.
	mediaBoth = 50
	// mediaNear is how far apart the counts at which two calls were cut may be (D8),
	// and mediaMemory how far apart in time they may lie, ns: who is cut off calls
	// again.
	mediaNear   = 5
	mediaMemory = int64(120 * time.Second)
	// keyRounds is a DTLS hello and three retransmissions: 1, 2 and 4 s apart where
	// nothing is known of the path (RFC 6347 section 4.2.4.1).
	keyRounds = 4
)

// deadAir is a call of which one side is not heard any more.
type deadAir struct {
	f     *fact.Flow
	d     *fact.Datagrams
	whole bool // nothing comes at all; else only the media do not
	ever  bool // media had come before
	since int64
	sent  *fact.Stretch // what the caller sent since
	same  []*fact.Talk  // calls of the service that were cut alike
}

// mediaCut judges a call's media.
func mediaCut(f *fact.Flow, w *fact.World, j *Judgement) {
	m, ok := deadAirOf(f, j)
	if !ok || refusedByICMP(f, j) {
		return
	}
	m.same = talks(f, w, func(t *fact.Talk) bool {
		return t.Service == f.Label.Service && m.alike(t) && overlaps(t.Heard, t.Heard, m.since, m.d.Heard.Time, mediaMemory)
	})
	fd := m.finding(w)
	stop := append(dropVetoes(f, w), atServer(f)...)
	stop = append(stop, addLink(&fd, f, w, m.since, m.sent.Last.Time)...)
	j.settle(fd, stop, finding.Likely)
}

// deadAirOf says what is missing, if something is.
func deadAirOf(f *fact.Flow, j *Judgement) (*deadAir, bool) {
	d := f.Datagrams
	up, down := d.Media[fact.Up], d.Media[fact.Down]
	m := &deadAir{f: f, d: d, since: d.Heard.Time, sent: &d.Since, whole: true, ever: down.Count > 0}
	switch {
	case up.Count < mediaBoth || m.ever && down.Count < mediaBoth:
		j.stop("no_media", "%d datagrams of media up, %d down: no call is under way", up.Count, down.Count)
		return nil, false
	case !m.ever && d.PeerChecks == 0:
		j.stop("no_peer", "no media ever came, and nothing shows that a callee is there")
		return nil, false
	}
	if !m.ever || m.lasted() < mediaSilence {
		m.whole, m.sent, m.since = false, &d.SinceMedia, down.Last.Time
		if !m.ever {
			m.since = up.First.Time
		}
	}
	j.saw("media", "%d up, %d down; %d sent in %s since one was heard", up.Count, down.Count, m.sent.Count, spellNs(m.lasted()))
	switch {
	case m.lasted() < mediaSilence:
		j.stop("too_short", "the caller sent for %s without hearing anything, %s are needed", spellNs(m.lasted()), spellNs(mediaSilence))
	case m.rate() < mediaRate:
		j.stop("too_little", "the caller sent %.0f datagrams a second meanwhile, %.0f are needed: it may have hung up", m.rate(), mediaRate)
	default:
		return m, true
	}
	return nil, false
}

// lasted is how long the caller went on sending, ns: what comes after that is no
// question.
func (m *deadAir) lasted() int64 {
	if m.sent.Count == 0 {
		return 0
	}
	return m.sent.Last.Time - m.since
}

func (m *deadAir) rate() float64 { return float64(m.sent.Count) * 1e9 / float64(max(m.lasted(), 1)) }

// alike: two calls that were cut after as many datagrams, or never heard at all.
func (m *deadAir) alike(t *fact.Talk) bool {
	switch {
	case m.whole:
		down, all := m.counts()
		return t.Cut == fact.CutMedia && (gap(t.Before[fact.Down].Packets, down) <= mediaNear || gap(t.Before[0].Packets+t.Before[1].Packets, all) <= mediaNear)
	case !m.ever:
		return t.Cut == fact.CutOneWay && !t.Carried
	}
	return false
}

// counts are the datagrams that had passed down, and in all.
func (m *deadAir) counts() (down, all uint64) {
	down = m.d.Before[fact.Down].Packets
	return down, down + m.d.Before[fact.Up].Packets
}

// finding says what was seen.
func (m *deadAir) finding(w *fact.World) finding.Finding {
	f := m.f
	fd := startCall(f, w)
	fd.Direction, fd.Segment = finding.ToClient, finding.ServerSide
	fd.Packets = markNumbers(append(m.d.Rounds.Marks(), m.d.Heard, m.d.Media[fact.Down].Last, m.sent.First, m.sent.Last)...)
	fd.Summary = m.text()
	fd.For = append(fd.For, finding.Evidence{Code: "D8", Family: finding.Demand, Class: finding.M, Text: fd.Summary,
		Got: spellNs(m.lasted()), Want: ">= " + spellNs(mediaSilence), Packets: fd.Packets})
	if m.whole {
		_, all := m.counts()
		bytes := m.d.Before[0].Bytes + m.d.Before[1].Bytes
		fd.AfterPackets, fd.AfterBytes = &all, &bytes
		fd.RuledOut = append(fd.RuledOut, "muted_callee")
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_relay")
	} else {
		fd.RuledOut = append(fd.RuledOut, "dead_relay")
		fd.NotRuledOut = append(fd.NotRuledOut, "muted_callee")
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "callee_lost_connection")
	fd.RuledOut = append(fd.RuledOut, "hung_up")
	if n := len(m.same); n > 0 {
		fd.For = append(fd.For, finding.Evidence{Code: "D8", Family: finding.Multiplicity, Class: finding.S, Text: m.repeated()})
		fd.Summary += fmt.Sprintf("; %d other call(s) alike", n)
	}
	return fd
}

// text is what was seen, in one sentence.
func (m *deadAir) text() string {
	tail := fmt.Sprintf("for %s, in which the caller sent %d datagrams", spellNs(m.lasted()), m.sent.Count)
	switch {
	case m.whole:
		down, all := m.counts()
		text := fmt.Sprintf("the call stopped after %d packets, %d of them from the far end: nothing came %s", all, down, tail)
		if n := m.d.Rounds.Count; n > 0 {
			text += fmt.Sprintf(" and asked %d times in vain", n)
		}
		return text
	case !m.ever:
		return fmt.Sprintf("the callee is there (%d checks of it came) and no media of it ever came %s", m.d.PeerChecks, tail)
	}
	return fmt.Sprintf("no more media came after %d datagrams while the path went on answering, %s", m.d.Media[fact.Down].Count, tail)
}

// repeated says how another call was cut alike.
func (m *deadAir) repeated() string {
	t := m.same[0]
	if !m.whole {
		return fmt.Sprintf("%d more call(s) of the service within two minutes never brought any media either, %s among them", len(m.same), t.Flow)
	}
	down, all := m.counts()
	return fmt.Sprintf("%d more call(s) of the service within two minutes stopped alike: after %d packets down and %d in all (%s), here %d and %d",
		len(m.same), t.Before[fact.Down].Packets, t.Before[0].Packets+t.Before[1].Packets, t.Flow, down, all)
}

// keysSilent judges a call whose path answers and whose keys nobody takes up.
func keysSilent(f *fact.Flow, w *fact.World, j *Judgement) bool {
	d := f.Datagrams
	asks := &d.Keys[fact.Up]
	if asks.Count < keyRounds || d.Keys[fact.Down].Count > 0 || d.Media[fact.Down].Count > 0 ||
		d.Heard.Time < asks.First.Time || asks.Last.Time-asks.First.Time < mediaSilence {
		return false
	}
	if refusedByICMP(f, j) {
		return true
	}
	fd := startCall(f, w)
	fd.Direction = finding.Both
	fd.Packets = markNumbers(asks.First, asks.Last, d.Heard)
	fd.Summary = fmt.Sprintf("DTLS hello sent %d times in %s and never answered, while the same path answers STUN (last in packet %d)",
		asks.Count, spellNs(asks.Last.Time-asks.First.Time), d.Heard.Num)
	fd.For = append(fd.For, finding.Evidence{Code: "D8", Family: finding.Demand, Class: finding.S, Text: fd.Summary,
		Got: fmt.Sprintf("%d hellos", asks.Count), Want: fmt.Sprintf(">= %d", keyRounds), Packets: fd.Packets})
	fd.RuledOut = append(fd.RuledOut, "dead_relay", "udp_policy")
	fd.NotRuledOut = append(fd.NotRuledOut, "callee_away")
	stop := append(dropVetoes(f, w), atServer(f)...)
	stop = append(stop, addLink(&fd, f, w, asks.First.Time, asks.Last.Time)...)
	j.settle(fd, stop, finding.Suspected)
	return true
}
