package detect

import (
	"fmt"
	"slices"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// flightIdle is the pause before a client asks again from which an idle timeout
	// of the server or of a NAT explains as much, ns: QUIC's are 10 to 30 s (RFC
	// 9000 section 10.1), and mappings of UDP may go after 30 (RFC 4787 section 4.3
	// wants 120).
	flightIdle = int64(10 * time.Second)
	// flightRounds is how often the client must ask again in vain, and flightAsking for
	// how long, ns: an acknowledgement and a good-bye are less.
	flightRounds = 4
	flightAsking = int64(time.Second)
	// flightClose is how soon flows that stopped alike must have done so, ns
	// (resets-and-drops, section 1).
	flightClose = int64(60 * time.Second)
	// alikePackets and alikeBytes are how far apart the counts may be, all in all, at
	// which flows of one cluster stopped (D4), alikeFlows and alikeServers how many it
	// takes.
	alikePackets = 4
	alikeBytes   = 4 << 10
	alikeFlows   = 3
	alikeServers = 2
)

// DropUDP finds transfers over QUIC that went well and then stopped after as few
// packets as those cut after a number (resets-and-drops, D4; rate-and-calls, 2.6).
// What QUIC owes cannot be read, but for two things: a client that asks again and
// again, and a server that stops within a flight.
type DropUDP struct{}

// Name returns "drop.midflow.udp".
func (DropUDP) Name() string { return string(finding.DropMidflow) + ".udp" }

// Judge judges one flow.
func (DropUDP) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("demand", "a client that asks again in vain, or a server that stopped within a flight of full datagrams as others did")
	j.needs("silence", "%s without any packet of the server", span(freezeSilence))
	j.needs("band", "%d..%d packets and %d..%d payload bytes so far", freezeMinPackets, freezeMaxPackets, freezeMinBytes, freezeMaxBytes)
	j.needs("control", "another flow of this client that goes on meanwhile")
	if !isUDP(f) || f.Datagrams == nil || f.App != "quic" {
		return j
	}
	s := stallOf(f, w)
	if s.excused(&j) {
		return j
	}
	j.saw("stall", "silent for %s after %d packets and %d bytes; %s", span(s.lasted()), s.packets, s.bytes, s.demand())
	stop := talkVetoes(f, w)
	if s.idleBefore() {
		stop = append(stop, finding.Reason{Code: "idle_timeout",
			Text: fmt.Sprintf("idle for %s before it was used again: a forgotten mapping or connection looks the same", spellNs(s.d.Rounds.First.Time-s.d.Heard.Time))})
	}
	fd := s.finding(w)
	stop = append(stop, addLink(&fd, f, w, s.d.Heard.Time, f.Now)...)
	j.settle(fd, stop, finding.Likely)
	return j
}

// stall is a transfer seen as one that stopped.
type stall struct {
	f       *fact.Flow
	d       *fact.Datagrams
	packets uint64 // of both sides, when the server was heard last
	bytes   uint64 // their payload
	broken  bool   // the server stopped within a flight
	asked   bool   // the client asked again in vain
	alike   []*fact.Talk
	by      *counter     // what they agree in
	other   int          // how many more stopped, at other counts
	more    []*fact.Talk // QUIC of the client to others that brought much and ended well, or goes on
}

// counter is what a box may count, from what each side had sent.
type counter struct {
	name  string
	apart uint64 // how far counts may be from each other
	of    func(*[2]fact.Amount) uint64
}

// counters are all that are looked at. Of what the client sent in the latest round
// trip a tap on its side cannot tell whether the box had counted it by then: what the
// server sent alone may agree more closely.
var counters = [...]counter{
	{"packets", alikePackets / 2, func(b *[2]fact.Amount) uint64 { return b[0].Packets + b[1].Packets }},
	{"packets of the server", alikePackets / 2, func(b *[2]fact.Amount) uint64 { return b[fact.Down].Packets }},
	{"bytes of the server", alikeBytes / 2, func(b *[2]fact.Amount) uint64 { return b[fact.Down].Bytes }},
}

func stallOf(f *fact.Flow, w *fact.World) *stall {
	d := f.Datagrams
	s := &stall{f: f, d: d, broken: d.Full >= fact.FlightFull, asked: d.Rounds.Count >= flightRounds && d.Rounds.Last.Time-d.Rounds.First.Time >= flightAsking,
		packets: d.Before[0].Packets + d.Before[1].Packets, bytes: d.Before[0].Bytes + d.Before[1].Bytes}
	near := talks(f, w, func(t *fact.Talk) bool {
		return (t.Cut == fact.CutFlight || t.Cut == fact.CutDemand) && overlaps(t.Heard, t.Heard, d.Heard.Time, d.Heard.Time, flightClose)
	})
	for i := range counters {
		c := &counters[i]
		same := slices.DeleteFunc(slices.Clone(near), func(t *fact.Talk) bool { return gap(c.of(&t.Before), c.of(&d.Before)) > c.apart })
		if s.by == nil || len(same) > len(s.alike) {
			s.alike, s.by = same, c
		}
	}
	s.other = len(near) - len(s.alike)
	s.more = talks(f, w, func(t *fact.Talk) bool {
		return t.Ask == fact.AskQUIC && t.Bulky != 0 && t.Cut == fact.NotCut && t.Server != f.Key.DstAddr() &&
			(t.Owner == "" || t.Owner != ownerOf(f)) && overlaps(t.Bulky, t.Heard, d.Heard.Time, f.Now, flightClose)
	})
	return s
}

// clustered: several stopped alike, to several servers, and fewer otherwise. Where
// transfers end in full datagrams anyhow, as padded ones do, they end at all counts.
func (s *stall) clustered() bool {
	all := append(slices.Clone(s.alike), &fact.Talk{Server: s.f.Key.DstAddr()})
	return len(all) >= alikeFlows && servers(all) >= alikeServers && s.other < len(s.alike)
}

func gap(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// excused reports a transfer that did not stop, or whose silence is in order.
func (s *stall) excused(j *Judgement) bool {
	switch {
	case s.d.Heard.Num == 0:
		j.stop("no_progress", "the server never answered")
	case s.lasted() < freezeSilence:
		j.stop("too_short", "%s of silence, %s are needed", span(s.lasted()), span(freezeSilence))
	case s.packets < freezeMinPackets || s.packets > freezeMaxPackets || s.bytes < freezeMinBytes || s.bytes > freezeMaxBytes:
		j.stop("out_of_band", "%d packets and %d bytes before the silence", s.packets, s.bytes)
	case !s.asked && !s.broken:
		j.stop("no_demand", "nothing is owed: silence is not evidence")
	case s.asked:
		return refusedByICMP(s.f, j)
	case !s.clustered():
		j.stop("alone", "the server stopped within a flight, which happens of itself; %d other(s) did so at the same count, %d at others", len(s.alike), s.other)
	case len(s.more) == 0:
		j.stop("no_long_control", "no other QUIC transfer of this client brought %d bytes and ended in a shorter datagram", fact.Bulky)
	default:
		return refusedByICMP(s.f, j)
	}
	return true
}

func (s *stall) lasted() int64 { return s.f.Now - s.d.Heard.Time }

// idleBefore: a client that asks again only after a pause may have been forgotten.
func (s *stall) idleBefore() bool {
	return s.asked && !s.broken && s.d.Rounds.First.Time-s.d.Heard.Time > flightIdle
}

func (s *stall) demand() string {
	switch {
	case s.asked:
		return fmt.Sprintf("the client asked again %d times in vain", s.d.Rounds.Count)
	case s.broken:
		return fmt.Sprintf("the server stopped within a flight, its last %d datagrams were full", s.d.Full)
	}
	return "nothing is owed"
}

// finding says what was seen.
func (s *stall) finding(w *fact.World) finding.Finding {
	fd := Start(s.f, w, finding.DropMidflow)
	fd.Direction = finding.ToClient
	fd.Segment = finding.ServerSide
	fd.AfterPackets, fd.AfterBytes = &s.packets, &s.bytes
	fd.Packets = markNumbers(append(s.d.Rounds.Marks(), s.d.Heard, fact.Mark{Num: s.f.LastNum})...)
	fd.Summary = fmt.Sprintf("QUIC stopped after %d packets and %d payload bytes: nothing more from the server for %s; %s",
		s.packets, s.bytes, spellNs(s.lasted()), s.demand())
	class := finding.M
	if s.asked {
		class = finding.S
	}
	fd.For = append(fd.For, finding.Evidence{Code: "D4", Family: finding.Demand, Class: class, Text: fd.Summary,
		Got: spellNs(s.lasted()), Want: ">= " + spellNs(freezeSilence), Packets: fd.Packets})
	s.cluster(&fd)
	s.controls(&fd)
	fd.RuledOut = append(fd.RuledOut, "mtu") // full datagrams passed
	fd.NotRuledOut = append(fd.NotRuledOut, "dead_server", "far_end_cut")
	return fd
}

// cluster adds the flows that stopped after as much.
func (s *stall) cluster(fd *finding.Finding) {
	n := len(s.alike) + 1
	if !s.clustered() {
		return
	}
	list := fmt.Sprint(s.by.of(&s.d.Before))
	for _, t := range s.alike[:min(len(s.alike), maxControls)] {
		list += fmt.Sprintf(", %d", s.by.of(&t.Before))
	}
	fd.For = append(fd.For, finding.Evidence{Code: "D4", Family: finding.Multiplicity, Class: finding.S,
		Text: fmt.Sprintf("%d QUIC connections to several servers stopped alike within a minute, after %s %s", n, list, s.by.name)})
	fd.Summary += fmt.Sprintf("; %d connections stopped alike", n)
}

// controls adds what passed meanwhile: another transfer that brought more.
func (s *stall) controls(fd *finding.Finding) {
	if len(s.more) == 0 {
		return
	}
	t := s.more[0]
	fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.M,
		Text: fmt.Sprintf("QUIC of this client to %s brought %d bytes or more, %s", t.Server, max(t.Before[fact.Down].Bytes, fact.Bulky), t.Flow)})
	addTalks(fd, s.more)
	fd.RuledOut = append(fd.RuledOut, "udp443_policy")
}
