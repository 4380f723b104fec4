package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of R8: when a rewritten packet of the server is due (resets-and-drops, R8).
const (
	dueFrom = 0.8 // of a round trip after the hello
	dueTo   = 3
	// clearOf is how long after the handshake the hello must have come, and what part
	// of a round trip, for a reset of a server that aborts on accept (RFC 9293 says
	// nothing of when) to be ahead of one that the hello draws.
	clearOf     = 5 * time.Millisecond
	clearOfPart = 10
	// againAfter is the shortest retransmission timeout (Linux, TCP_RTO_MIN), less a
	// tick of its timer.
	againAfter = 190 * time.Millisecond
)

// rewrite is R8: packets of the server that became resets on their way. TTL, IP id
// and time of arrival are the server's own, so what betrays them is that they
// contradict themselves. That a reset comes when the server's first packet is due,
// with the options of a socket, is then one more sign; alone it is how any server
// ends what it does not like.
func (c *resetCase) rewrite() []resetSign {
	if len(c.resets) == 0 || c.dir != fact.Down {
		return nil
	}
	var out []resetSign
	for _, rule := range []func(*fact.Reset) (resetSign, bool){c.ackBeyond, c.ackBelow, c.oddRefusal, c.optionsOfSYN, c.sentAgain} {
		if s, ok := rule(c.first()); ok {
			out = append(out, s)
		}
	}
	with := finding.W
	for i := range out {
		if rank(out[i].class) > 0 {
			with = finding.M
		}
	}
	if s, ok := c.due(c.first(), with); ok {
		out = append(out, s)
	}
	if s, ok := c.likeASocket(c.first()); ok && with == finding.M {
		out = append(out, s)
	}
	for i := range out {
		out[i].code, out[i].technique = "R8", "rewrite"
	}
	return out
}

// unanswered is the age of a hello that the server had not answered in any way, with
// the round trip that its answer needs.
func (c *resetCase) unanswered(r *fact.Reset) (age, rtt time.Duration, ok bool) {
	h, path := &c.f.Hello, c.rtt()
	told := func(m fact.Mark) bool { return m.Num != 0 && m.Num < r.Num }
	if h.First.Num == 0 || h.First.Num > r.Num || told(h.Answer) || told(h.Data) || !path.Ok || !r.HandshakeOK {
		return 0, 0, false
	}
	return time.Duration(r.Time - h.First.Time), path.V, true
}

// isDue reports whether r came when the first answer to the hello is due.
func (c *resetCase) isDue(r *fact.Reset) bool {
	age, rtt, ok := c.unanswered(r)
	return ok && r.HasAck && float64(age) >= dueFrom*float64(rtt) && age <= dueTo*rtt
}

// due is R8's timing.
func (c *resetCase) due(r *fact.Reset, class finding.Class) (resetSign, bool) {
	if !c.isDue(r) || c.f.Hello.Kind != "tls" && c.f.Hello.Kind != "http" {
		return resetSign{}, false
	}
	age, rtt, _ := c.unanswered(r)
	return resetSign{family: finding.Causality, class: class, needs: needBoth | needSYN | needClock,
		clause: fmt.Sprintf("came in the place of its sender's first answer to the hello, after %s of a path of %s", inMs(age), inMs(rtt)),
		got:    inMs(age), want: "an answer", packets: []uint64{c.f.Hello.First.Num, r.Num}}, true
}

// ackBeyond is R8's ackwrong: it acknowledges what the client never said. It counts
// where the hello is whole, since whoever says a whole hello waits: bytes that the
// capture missed are an excuse elsewhere. A reset that is ahead in both directions belongs
// to a connection of which the middle was not captured (B38).
func (c *resetCase) ackBeyond(r *fact.Reset) (resetSign, bool) {
	if !r.HasAck || !r.AckAhead.Ok || r.AckAhead.V <= 0 || r.AckAhead.V > maxStep ||
		!r.SeqAhead.Ok || r.SeqAhead.V != 0 || finBefore(r) || r.SYNOnly {
		return resetSign{}, false
	}
	s := resetSign{family: finding.Sequence, class: finding.W, needs: needGapless | needBoth | needSYN,
		clause: fmt.Sprintf("acknowledges %d bytes that the client never sent", r.AckAhead.V),
		got:    fmt.Sprintf("+%d", r.AckAhead.V), want: "<= 0", packets: []uint64{r.Num}}
	h := &c.f.Hello
	whole := c.f.Names.JA4 != "" && h.First.Num < r.Num && r.Ack-uint32(r.AckAhead.V) == h.End
	if whole && c.isDue(r) && !c.lossy() {
		s.class = finding.S
		s.packets = []uint64{h.First.Num, r.Num}
	}
	return s, true
}

// ackBelow is R8's ackwrong the other way: a round trip after the hello it still
// acknowledges nothing of it. Where the timestamp that it echoes is the hello's, its
// sender had the hello (RFC 7323 section 4.3). Else a server that aborts on accept
// looks alike, unless the hello came well after the handshake.
func (c *resetCase) ackBelow(r *fact.Reset) (resetSign, bool) {
	age, rtt, ok := c.unanswered(r)
	isn := c.peer().ISN
	if !ok || !r.HasAck || !isn.Ok || r.Ack != isn.V+1 || finBefore(r) {
		return resetSign{}, false
	}
	s := resetSign{family: finding.Sequence, class: finding.W, needs: needGapless | needBoth | needSYN | needClock,
		clause: "acknowledges nothing of the hello, " + inMs(age) + " after it on a path of " + inMs(rtt),
		got:    "the SYN", want: "the hello", packets: []uint64{c.f.Hello.First.Num, r.Num}}
	gap := time.Duration(c.f.Hello.First.Time - c.f.SYNACK.Time)
	switch {
	case r.Heard.Num != 0:
		s.class, s.packets = finding.S, []uint64{r.Heard.Num, r.Num}
		s.clause = "echoes the hello's timestamp but acknowledges nothing of the hello"
	case age >= rtt && c.isDue(r) && c.f.SYNACK.Num != 0 && gap > clearOf && gap > rtt/clearOfPart && c.peer().RTT.Samples+1 > 1:
		s.class = finding.M
	}
	return s, true
}

// oddRefusal is R8's form by address: who refuses a SYN has no number of his own
// and sends 0 (RFC 9293 section 3.5.2).
func (c *resetCase) oddRefusal(r *fact.Reset) (resetSign, bool) {
	if !r.SYNOnly || r.Seq == 0 || !answersSYN(c, r) {
		return resetSign{}, false
	}
	return resetSign{family: finding.Sequence, class: finding.M, needs: needSYN | needBoth | needHeaders,
		clause: "refuses the SYN with a sequence number of its own",
		got:    fmt.Sprint(r.Seq), want: "0", packets: []uint64{c.peer().SYN.Num, r.Num}}, true
}

// optionsOfSYN: the MSS option is sent with SYN only (RFC 9293 section 3.7.1): this
// was a SYN/ACK when it set out.
func (c *resetCase) optionsOfSYN(r *fact.Reset) (resetSign, bool) {
	if !r.MSS {
		return resetSign{}, false
	}
	return resetSign{family: finding.Content, class: finding.S, needs: needHeaders,
		clause: fmt.Sprintf("carries the options of a SYN/ACK (%d bytes, an MSS among them)", r.OptsLen),
		got:    "an MSS option", want: "none", packets: []uint64{r.Num}}, true
}

// sentAgain is R8's life upstream: the same reset once more after a timeout, though
// nobody asked, and its sender's clock has gone on. Stacks send data again and
// SYN/ACKs, never resets.
func (c *resetCase) sentAgain(*fact.Reset) (resetSign, bool) {
	var packets []uint64
	var gap time.Duration
	for i := 1; i < len(c.resets); i++ {
		a, b := &c.resets[i-1], &c.resets[i]
		apart := time.Duration(b.Time - a.Time)
		if a.Seq != b.Seq || a.Ack != b.Ack || !a.HasAck || !b.HasAck || !a.TSval.Ok || !b.TSval.Ok ||
			apart < againAfter || c.heard(a) != c.heard(b) || finBefore(a) {
			continue
		}
		// Ticks of 1 ms, or of 4 or 10: a clock goes on, a copy's does not.
		if ticks := int64(seqDelta(b.TSval.V, a.TSval.V)); ticks <= 0 || ticks > 2*apart.Milliseconds() {
			continue
		}
		if len(packets) == 0 {
			packets, gap = []uint64{a.Num}, apart
		}
		packets = append(packets, b.Num)
	}
	if len(packets) == 0 {
		return resetSign{}, false
	}
	return resetSign{family: finding.Reaction, class: finding.S, needs: needBoth | needClock,
		clause: fmt.Sprintf("was sent again after %s with its sender's clock gone on, as data are, though nobody sends a reset twice", inMs(gap)),
		got:    plural(len(packets), "copy"), want: "1 copy", packets: packets}, true
}

// likeASocket: the reset goes on with the clock of the server's own socket. A reset
// that contradicts itself so was not made by somebody else on the path, it was the
// server's packet.
func (c *resetCase) likeASocket(r *fact.Reset) (resetSign, bool) {
	own := c.own()
	if !r.HasAck || r.Window == 0 || !r.TSval.Ok || !own.TSOK || !own.LastTSval.Ok || finBefore(r) {
		return resetSign{}, false
	}
	ticks, gone := int64(seqDelta(r.TSval.V, own.LastTSval.V)), (r.Time-own.LastTSvalAt)/int64(time.Millisecond)
	if ticks < 0 || ticks > 2*gone+10 {
		return resetSign{}, false
	}
	return resetSign{family: finding.Identity, class: finding.M, needs: needHeaders | needBoth,
		clause: "carries its sender's own running clock and a window",
		got:    fmt.Sprintf("clock +%d", ticks), want: "no options", packets: []uint64{r.Num}}, true
}
