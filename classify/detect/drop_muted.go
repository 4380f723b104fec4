package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// mutedSilence and freezeRTTs are how long a server must have been silent that
// acknowledged the hello, the longer of the two (resets-and-drops, D3: healthy
// servers answered within 0.3 round trips of that, in 14 of 14 flows).
const mutedSilence = int64(time.Second)

// muted is a connection whose hello was acknowledged and that fell silent within a
// few packets of it, both ways: D3, which lets five to eight packets pass. What
// stops later than freezeMinPackets is a freeze, and drop.midflow's.
type muted struct {
	f     *fact.Flow
	k     *fact.Stall // of the server
	after int         // wire segments of both sides from the hello to the silence
	fin   bool        // u3: the client's FIN is not acknowledged
	data  uint32      // u1: bytes of the client not acknowledged
}

func mutedOf(f *fact.Flow) *muted {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	m := &muted{f: f, k: &f.Stall[fact.Down]}
	opening := uint64(up.SYNCount) + uint64(max(down.SYNCount, 1)) + 1
	m.after = int(m.k.Packets[fact.Up]+m.k.Packets[fact.Down]) - int(opening) - int(f.Hello.Segs)
	m.data, m.fin = unheard(f, fact.Down)
	return m
}

// unheard is what the side that is silent has not acknowledged: payload of the
// other, bytes, and its FIN.
func unheard(f *fact.Flow, silent fact.Dir) (data uint32, fin bool) {
	mute, other := &f.Sides[silent], &f.Sides[silent.Other()]
	fin = other.FIN.Num != 0 && mute.HasAck && int32(other.FIN.SeqEnd-mute.MaxAck) > 0
	data = other.Unacked.Or(0)
	if fin && data > 0 {
		data--
	}
	return data, fin
}

// excused reports that the server is not silent, or owes nothing.
func (m *muted) excused(j *Judgement) bool {
	f, down := m.f, &m.f.Sides[fact.Down]
	switch {
	case !f.Handshake:
		j.stop("no_handshake", "the handshake was not seen to complete")
	case m.k.At.Num == 0:
		j.stop("forgotten", "how far the connection had come is not known any more")
	case f.ResetCount[fact.Down] > 0 || down.FIN.Num != 0:
		j.stop("ended", "the server ended the connection itself")
	case icmpRefusal(f) != nil:
		j.stop("icmp", "an ICMP error answered (packet %d)", icmpRefusal(f).Num)
	case m.k.Packets[fact.Up]+m.k.Packets[fact.Down] >= freezeMinPackets:
		j.stop("later", "%d packets had passed: no longer the hello's matter", m.k.Packets[fact.Up]+m.k.Packets[fact.Down])
	case m.k.Asked.Count < dropRetries || m.data == 0 && !m.fin:
		j.stop("no_demand", "the server acknowledged the first payload and owes no other acknowledgement: it may be thinking")
	case f.Sides[fact.Down].LastAny > m.k.Asked.First.Time:
		j.stop("alive", "the server went on sending while it was asked again")
	case m.lasted() < m.needed():
		j.stop("too_short", "%s of silence, %s are needed", spellNs(m.lasted()), spellNs(m.needed()))
	default:
		return false
	}
	return true
}

// from is when the silence began to matter, ns: what went on before the client said
// what is not acknowledged went on before anything was wrong.
func (m *muted) from() int64 {
	said := m.f.Sides[fact.Up].Last.Time // what is new is dated to a quarter of a second
	if m.fin && m.data == 0 {
		said = m.f.Sides[fact.Up].FIN.Time
	}
	return max(m.k.At.Time, min(said, m.k.Asked.First.Time))
}

// lasted is how long the server was asked in vain, ns.
func (m *muted) lasted() int64 { return max(m.f.Now-m.k.Asked.First.Time, 0) }

func (m *muted) needed() int64 {
	return max(freezeRTTs*int64(m.f.RTTMin(fact.Up).Or(0)), mutedSilence)
}

// judge says what was seen.
func (m *muted) judge(w *fact.World, j *Judgement) {
	j.saw("muted", "the first payload acknowledged, %d packets after it, then nothing of the server since; asked again %d times", m.after, m.k.Asked.Count)
	if m.excused(j) {
		return
	}
	f, k := m.f, m.k
	fd := Start(f, w, finding.DropHello)
	fd.Technique, fd.Direction, fd.Segment = "muted", finding.Both, finding.ServerSide
	fd.Packets = markNumbers(f.Hello.First, k.At, k.Asked.First, k.Asked.Last)
	text := fmt.Sprintf("%s acknowledged, %d packets pass after it, then nothing from the server for %s, though the client sends %s again %d times",
		helloText(f), m.after, spellNs(f.Now-f.Sides[fact.Down].LastAny), m.owed(), k.Asked.Count)
	fd.Summary = opened(f) + text
	fd.For = append(fd.For, finding.Evidence{Code: "D3", Family: finding.Demand, Class: finding.S, Text: text,
		Got: fmt.Sprintf("%d repetitions", k.Asked.Count), Want: fmt.Sprintf(">= %d", dropRetries), Packets: fd.Packets})
	fd.RuledOut = append(fd.RuledOut, "slow_server") // its kernel would acknowledge
	var stop []finding.Reason
	if m.fin || k.Asked.Len <= mtuDoubt {
		fd.RuledOut = append(fd.RuledOut, "mtu") // what is small is not heard either
	} else {
		stop = append(stop, finding.Reason{Code: "mtu", Text: "what the client sent in vain is large: a path that loses large packets in silence looks the same"})
	}
	ceiling := helloControls(f, w, &fd, m.from(), max(k.Asked.Last.Time, f.Hello.First.Time))
	stop = append(append(stop, dropVetoes(f, w)...), atServer(f)...)
	j.settle(fd, stop, ceiling)
}

// owed names what the server does not acknowledge.
func (m *muted) owed() string {
	switch {
	case m.data > 0 && m.fin:
		return fmt.Sprintf("%d bytes and its FIN", m.data)
	case m.fin:
		return "its FIN"
	}
	return fmt.Sprintf("%d bytes", m.data)
}
