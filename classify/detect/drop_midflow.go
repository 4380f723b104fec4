package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// The band in which flows are cut after a number of packets (resets-and-drops,
// D4: about 25 packets of both directions together, 14 to 34 KB observed; the
// band is drawn around that).
const (
	freezeMinPackets = 15
	freezeMaxPackets = 60
	freezeMinBytes   = 4 << 10
	freezeMaxBytes   = 64 << 10
	// freezeSilence and freezeRTTs: how long one side must have been silent, the
	// longer of the two (D4).
	freezeSilence = int64(5 * time.Second)
	freezeRTTs    = 10
	// freezeIdle is the pause before the unanswered demand from which a
	// forgotten NAT or firewall entry explains as much (B7, B8).
	freezeIdle = int64(30 * time.Second)
	// fullSize is the mean payload per packet that proves full-size segments
	// to pass: at least one was as large.
	fullSize = 1000
)

// DropMidflow finds connections that went well and then froze: the far side is
// owed an answer and its silence is long (resets-and-drops, D4 for flows as short as
// those cut after a number of packets or bytes, D5 for others; rate-and-calls, 2.6);
// or one side lives and does not hear the other (D6). One flow is never more than
// suspected.
type DropMidflow struct{}

// Name returns "drop.midflow".
func (DropMidflow) Name() string { return string(finding.DropMidflow) }

// Judge judges one flow.
func (DropMidflow) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("demand", "bytes unacknowledged and sent again, an unfinished TLS record, or an unanswered FIN")
	j.needs("silence", "max(10 round trips, 5 s) without any packet of the side that owes")
	j.needs("band", "%d..%d packets and %d..%d payload bytes so far; it counts less beyond",
		freezeMinPackets, freezeMaxPackets, freezeMinBytes, freezeMaxBytes)
	j.needs("control", "a connection of this client to another party that goes on meanwhile")
	if !isTCP(f) {
		return j
	}
	if o := oneWayOf(f); o != nil {
		if o.judge(w, &j); len(j.Findings) > 0 {
			return j
		}
	}
	z := freezeOf(f)
	if z.excused(&j) {
		return j
	}
	j.saw("freeze", "%s silent for %s, owing: %s; %d packets, %d bytes before", z.name(), spellNs(z.lasted()), z.demandText(), z.packets, z.bytes)
	stop, ok := z.patience(&j)
	if !ok {
		return j
	}
	j.settle(z.finding(w), append(append(stop, z.vetoes()...), dropVetoes(f, w)...), finding.Suspected)
	return j
}

// finding says what was seen.
func (z *freeze) finding(w *fact.World) finding.Finding {
	f := z.f
	fd := Start(f, w, finding.DropMidflow)
	fd.Direction = finding.ToClient
	if z.silent == fact.Up {
		fd.Direction = finding.ToServer
	} else if f.Handshake {
		fd.Segment = finding.ServerSide
	}
	fd.AfterPackets, fd.AfterBytes = &z.packets, &z.bytes
	fd.Packets = markNumbers(f.Sides[z.silent].Last, f.Sides[z.silent.Other()].Last, fact.Mark{Num: f.LastNum})
	text := fmt.Sprintf("after %s nothing more from the %s for %s, owing: %s", z.passed(), z.name(), spellNs(z.lasted()), z.demandText())
	fd.Summary = text
	fd.For = append(fd.For, z.evidence(text, fd.Packets))
	if live := liveControls(f, w, z.since(), z.until); len(live) > 0 {
		fd.For = append(fd.For, liveEvidence(live))
		addControls(&fd, live)
		fd.RuledOut = append(fd.RuledOut, "dead_link")
	}
	fd.RuledOut = append(fd.RuledOut, "zero_window")
	if z.idleBefore() {
		fd.NotRuledOut = append(fd.NotRuledOut, "idle_timeout")
	} else {
		fd.RuledOut = append(fd.RuledOut, "idle_timeout")
	}
	if z.mtuRuledOut() {
		fd.RuledOut = append(fd.RuledOut, "mtu")
	} else {
		fd.NotRuledOut = append(fd.NotRuledOut, "mtu")
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "dead_server", "far_end_cut")
	return fd
}

// evidence is D4 where the flow was as short as those cut after a number of packets
// or bytes, and D5 where it was not: then one more way to die is as good.
func (z *freeze) evidence(text string, packets []uint64) finding.Evidence {
	e := finding.Evidence{Code: "D4", Family: finding.Demand, Class: finding.S, Text: text,
		Got: spellNs(z.lasted()), Want: ">= " + spellNs(z.needed()), Packets: packets}
	if !z.inBand() {
		e.Code, e.Class = "D5", finding.M
	}
	return e
}
