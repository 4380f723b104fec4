package detect

import (
	"fmt"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// freeze is a flow seen as one that stopped: who is silent since when, and what
// it owes.
type freeze struct {
	f           *fact.Flow
	silent      fact.Dir // the side that owes: the server, or the client for a tap at the server
	from, until int64    // of the silence, ns
	packets     uint64   // wire segments of both sides before it
	bytes       uint64   // payload bytes of both sides before it
	asked       int64    // when what is owed was asked for, ns
	unacked     uint32   // u1: bytes of the other side that were sent again and not acknowledged
	record      int      // u2: bytes missing of the record it is in the middle of
	fin         bool     // u3: the other side's FIN is not acknowledged
	probes      uint32   // keep-alives of the other side that were not answered
	open        bool     // the silent side broke off within what it was sending
}

func freezeOf(f *fact.Flow) *freeze {
	z := &freeze{f: f, silent: fact.Down}
	if f.Vantage == "server" {
		z.silent = fact.Up
	}
	mute, other := &f.Sides[z.silent], &f.Sides[z.silent.Other()]
	z.from, z.until = mute.LastAny, f.Now
	for i := range f.Resets {
		if r := &f.Resets[i]; r.Dir != z.silent { // who gives up asks no more
			z.until = min(z.until, r.Time)
			break
		}
	}
	if k := &f.Stall[z.silent]; k.At.Num != 0 {
		z.packets, z.bytes = k.Packets[0]+k.Packets[1], k.Payload[0]+k.Payload[1]
		z.probes, z.open = k.Probed.Count, k.Open
	} else {
		z.packets = mute.Packets + other.Packets - min(other.Packets, uint64(other.Retrans))
		z.bytes = mute.Payload + delivered(f, z.silent.Other())
	}
	z.demand(mute, other)
	return z
}

// delivered is how many payload bytes of d the other side acknowledged, or sent
// when that is not known.
func delivered(f *fact.Flow, d fact.Dir) uint64 {
	side, peer := &f.Sides[d], &f.Sides[d.Other()]
	if !side.ISN.Ok || !peer.HasAck {
		return side.Payload
	}
	n := int32(peer.MaxAck - side.ISN.V - 1)
	return min(side.Payload, uint64(max(n, 0)))
}

// demand fills in what is owed (section 5.0, u1 to u3).
func (z *freeze) demand(mute, other *fact.Side) {
	// Still trying: its last packet came in the silence and was not new data.
	trying := other.LastAny > z.from && other.LastAny > other.Last.Time
	payload := mute.HasAck && int32(other.Last.SeqEnd-mute.MaxAck) > 0
	again := other.Retrans
	if k := &z.f.Stall[z.silent]; k.At.Num != 0 {
		again = k.Asked.Count
	}
	if data, _ := unheard(z.f, z.silent); payload && data > 0 && again >= 2 && trying {
		z.unacked, z.asked = data, max(other.Last.Time, z.from)
	}
	if n := mute.TLSRemain; n.Ok && n.V > 0 {
		z.record, z.asked = n.V, z.from
	}
	fin := other.FIN
	if fin.Num != 0 && fin.Time > z.from && trying && other.LastAny > fin.Time &&
		mute.HasAck && int32(fin.SeqEnd-mute.MaxAck) > 0 {
		z.fin = true
		if z.asked == 0 {
			z.asked = fin.Time
		}
	}
}

// excused reports a flow that did not freeze, or whose silence is in order.
func (z *freeze) excused(j *Judgement) bool {
	mute, other := &z.f.Sides[z.silent], &z.f.Sides[z.silent.Other()]
	switch {
	case mute.Packets == 0 || mute.First.Num == 0 || other.First.Num == 0:
		j.stop("no_progress", "payload did not pass both ways")
	case mute.FIN.Num != 0 || z.f.ResetCount[z.silent] > 0:
		j.stop("ended", "the %s ended the connection itself", z.name())
	case other.FIN.Num != 0 && other.FIN.Time <= z.from:
		j.stop("closed", "the other side had closed before")
	case z.unacked == 0 && z.record == 0 && !z.fin && z.probes < dropRetries:
		j.stop("no_demand", "nothing is owed: silence is not evidence")
	case other.Window.Ok && other.Window.V == 0:
		j.stop("zero_window", "the receiver's window is shut: the sender must be silent")
	case mute.Unacked.Or(0) > 0 && other.LastAny < z.from:
		j.stop("receiver_silent", "the receiver fell silent first and acknowledged no more")
	case z.packets < freezeMinPackets:
		j.stop("out_of_band", "%d packets before the silence: it had hardly begun", z.packets)
	case !z.nearBand() && z.weak():
		j.stop("good_bye", "only the end of the connection went unanswered, after %d packets", z.packets)
	default:
		return false
	}
	return true
}

func (z *freeze) inBand() bool {
	return z.packets >= freezeMinPackets && z.packets <= freezeMaxPackets &&
		z.bytes >= freezeMinBytes && z.bytes <= freezeMaxBytes
}

// nearBand reports a flow short enough by one of the two counters: what is cut after a
// number of bytes may have come in many small packets, what is cut after a number of
// packets in large ones.
func (z *freeze) nearBand() bool {
	return z.packets >= freezeMinPackets && z.bytes >= freezeMinBytes && (z.packets <= freezeMaxPackets || z.bytes <= freezeMaxBytes)
}

// patience tells whether the silence is long enough. Where the capture ended
// first it stays open, but only if the other side had asked again in vain: a
// pause at the end of a capture is no question.
func (z *freeze) patience(j *Judgement) (stop []finding.Reason, ok bool) {
	switch {
	case z.lasted() >= z.needed():
		return nil, true
	case z.f.End == fact.EndOfCapture && z.unacked > 0 && z.lasted() >= z.needed()/5:
		return []finding.Reason{{Code: "capture_ended",
			Text: fmt.Sprintf("the capture ends after %s of silence, %s are needed", spellNs(z.lasted()), spellNs(z.needed()))}}, true
	}
	j.stop("too_short", "%s of silence, %s are needed", spellNs(z.lasted()), spellNs(z.needed()))
	return nil, false
}

func (z *freeze) lasted() int64 { return max(z.until-z.from, 0) }

// since is when the silence began to matter, ns. What goes unanswered while data is
// asked for in vain is as old as the question; who broke off was missed at once. What
// only a good-bye speaks for has been silent all along: a veto says what that is worth.
func (z *freeze) since() int64 {
	if z.open || z.record > 0 || z.unacked <= farewell {
		return z.from
	}
	return min(max(z.from, z.asked), z.until)
}

func (z *freeze) needed() int64 {
	return max(freezeRTTs*int64(z.f.RTTMin(z.silent.Other()).Or(0)), freezeSilence)
}

// idleBefore reports a flow that was idle before anything was asked of it: a
// forgotten NAT entry explains the silence.
func (z *freeze) idleBefore() bool { return z.asked-z.from > freezeIdle }

// vetoes are those of this detector alone: an idle flow, and segments that may
// have been too big for the path (section 5.0, "path MTU doubt").
func (z *freeze) vetoes() []finding.Reason {
	var out []finding.Reason
	if z.idleBefore() {
		out = append(out, finding.Reason{Code: "idle_timeout",
			Text: fmt.Sprintf("idle for %s before it was used again: a forgotten NAT entry looks the same", spellNs(z.asked-z.from))})
	}
	mute := &z.f.Sides[z.silent]
	if !z.witnessed() {
		out = append(out, finding.Reason{Code: "unwitnessed",
			Text: "neither side was heard again: the capture may have missed how the connection went on and ended"})
	}
	if z.weak() {
		out = append(out, finding.Reason{Code: goodBye,
			Text: "only the end of the connection went unanswered: what it was for may have been done"})
	}
	if z.f.Blind&fact.BlindMidstream != 0 {
		out = append(out, finding.Reason{Code: "midstream",
			Text: "the capture began after the connection: how much had passed before it stopped is not known"})
	}
	hole := int32(mute.NextSeq-mute.Contig) > 0
	if (hole || z.unacked > mtuDoubt) && !z.mtuRuledOut() {
		out = append(out, finding.Reason{Code: "mtu",
			Text: "what is missing may have been too big for the path, and no full-size segment was seen to pass"})
	}
	return out
}

// farewell is the most that a client sends with its FIN, bytes: the close_notify
// alert in a record of TLS (24 to 53 by the cipher, RFC 8446 section 6.1, RFC 5246
// section 6.2.3.2), and the FIN itself.
const farewell = 64

// goodBye is the code for what only a good-bye speaks for.
const goodBye = "good_bye"

// weak reports that nothing is owed but an answer to the good-bye, or to keep-alives:
// the lab's half-open-leftovers, where only those are lost and every visit went well.
// That others were cut at the same point may still tell (DropCluster).
func (z *freeze) weak() bool {
	return z.record == 0 && !z.open && (z.fin && z.unacked <= farewell || z.unacked == 0)
}

// witnessed reports that the side which is owed spoke well within the silence.
// What it acknowledges then is what the capture has (else there is a gap), so
// that nothing was sent which the capture missed. A flow of which nothing more
// was captured at all proves nothing of the kind, whatever else went on.
func (z *freeze) witnessed() bool {
	return z.f.Sides[z.silent.Other()].LastAny-z.from >= dropPatience
}

// mtuRuledOut reports proof that the size of packets is not the matter: small
// ones are swallowed too, or full-size ones passed in the direction asked about.
func (z *freeze) mtuRuledOut() bool {
	mute, other := z.silent, z.silent.Other()
	switch {
	case z.fin, z.unacked > 0 && z.unacked <= mtuDoubt:
		return true
	case z.unacked > 0:
		return meanHeard(z.f, other) >= fullSize
	}
	return mean(z.f.Sides[mute].Payload, z.f.Sides[mute].Packets) >= fullSize
}

func mean(sum, n uint64) uint64 { return sum / max(n, 1) }

// meanHeard is the payload per segment of what the receiver of d acknowledged, at
// least: what it did not is taken to be full segments.
func meanHeard(f *fact.Flow, d fact.Dir) uint64 {
	s := &f.Sides[d]
	unheard := uint64(s.Retrans) + uint64(s.Unacked.Or(0))/fullEthernet
	return mean(delivered(f, d), s.Packets-min(s.Packets, unheard))
}

// fullEthernet is the payload of a full segment on Ethernet, bytes.
const fullEthernet = 1460

func (z *freeze) name() string { return sideName(z.silent) }

// passed says how much had passed before the silence, of either side where that is
// known: which of them a box counts is not.
func (z *freeze) passed() string {
	k := &z.f.Stall[z.silent]
	if k.At.Num == 0 {
		return fmt.Sprintf("%d packets and %d payload bytes", z.packets, z.bytes)
	}
	return fmt.Sprintf("%d packets (%d up, %d down) and %d payload bytes (%d up, %d down)", z.packets, k.Packets[fact.Up], k.Packets[fact.Down],
		z.bytes, k.Payload[fact.Up], k.Payload[fact.Down])
}

// demandText lists what is owed.
func (z *freeze) demandText() string {
	var parts []string
	if z.unacked > 0 {
		parts = append(parts, fmt.Sprintf("an acknowledgement of %d bytes sent again", z.unacked))
	}
	if z.record > 0 {
		parts = append(parts, fmt.Sprintf("%d bytes of an unfinished TLS record", z.record))
	}
	if z.fin {
		parts = append(parts, "an answer to a FIN sent again")
	}
	if z.probes > 0 {
		parts = append(parts, fmt.Sprintf("answers to %d keep-alives", z.probes))
	}
	if z.open {
		parts = append(parts, "the rest of what it broke off within, after a full segment without PSH")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// overlap is how far the clocks of two hosts' demands may be off, ns: data that was
// new is dated to a quarter of a second.
const overlap = int64(250 * time.Millisecond)

// CutBetween tells between which times a flow that stopped was cut: after the last
// that was heard of who fell silent, and before what it did not answer was sent. One
// that broke off in the middle was cut then; one that idled may have been at any time
// until somebody asked. 0, 0: it did not stop.
func CutBetween(f *fact.Flow) (from, by int64) {
	if !isTCP(f) {
		return 0, 0
	}
	if o := oneWayOf(f); o != nil {
		return o.k.At.Time, max(o.tries.First.Time, o.k.At.Time)
	}
	z := freezeOf(f)
	switch {
	case z.record > 0 || z.open:
		return z.from, z.from + overlap
	case z.asked > 0:
		return z.from, max(z.asked, z.from+overlap)
	}
	return z.from, max(z.until, z.from)
}
