package detect

import (
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// talkMemory is how far in time from a question another conversation over UDP
	// still tells what the network lets pass, ns: policies do not change by the
	// minute.
	talkMemory = int64(60 * time.Second)
	// callAttempt is how far apart the tries of one call lie, ns (rate-and-calls,
	// 2.8).
	callAttempt = int64(15 * time.Second)
)

// isUDP is what the detectors of datagrams judge.
func isUDP(f *fact.Flow) bool { return f.Key.Proto == capture.ProtoUDP }

// talks are a client's other conversations over UDP that ok takes, around [from, to].
func talks(f *fact.Flow, w *fact.World, ok func(*fact.Talk) bool) []*fact.Talk {
	return w.TalksOf(f.Key.SrcAddr(), f.If, f.ID, ok)
}

// neverAnswered is how talks of one kind that were never answered are told.
func neverAnswered(t *fact.Talk, least uint32) bool { return t.Answered == 0 && t.Rounds >= least }

// overlaps reports whether two spans of time are at most gap apart.
func overlaps(a, b, from, to, gap int64) bool { return a-gap <= to && b+gap >= from }

// servers counts the addresses of conversations.
func servers(all []*fact.Talk) int {
	var seen []netip.Addr
	for _, t := range all {
		if !slices.Contains(seen, t.Server) {
			seen = append(seen, t.Server)
		}
	}
	return len(seen)
}

// networks counts the networks of conversations and of one address more.
func networks(all []*fact.Talk, and netip.Addr) int {
	seen := map[netip.Prefix]bool{fact.Network(and): true}
	for _, t := range all {
		seen[fact.Network(t.Server)] = true
	}
	return len(seen)
}

// linkControls are flows of the same client to other parties, over whatever
// protocol, that went on in the middle half of [from, to].
func linkControls(f *fact.Flow, w *fact.World, from, to int64) []fact.Control {
	q := fact.ControlQuery{NotFlow: f.ID, NotOwner: ownerOf(f), NotServer: f.Key.DstAddr(), Client: f.Key.SrcAddr(), If: f.If}
	q.From, q.To = middle(from, to)
	return slices.DeleteFunc(alike(w.ControlsFor(q, controlScan), f.Key.DstAddr()), func(c fact.Control) bool {
		return c.Proto != capture.ProtoTCP && c.Proto != capture.ProtoUDP
	})
}

// addLink says that the link and the client's host lived meanwhile, or returns what
// stops the verdict.
func addLink(fd *finding.Finding, f *fact.Flow, w *fact.World, from, to int64) []finding.Reason {
	live := linkControls(f, w, from, to)
	if len(live) == 0 {
		return []finding.Reason{{Code: "no_control",
			Text: "nothing of another party was seen to work meanwhile: a dead link or host looks the same"}}
	}
	fd.For = append(fd.For, liveEvidence(live))
	addControls(fd, live)
	fd.RuledOut = append(fd.RuledOut, "dead_link")
	return nil
}

// addTalks names other conversations as controls.
func addTalks(fd *finding.Finding, all []*fact.Talk) {
	for _, t := range all[:min(len(all), maxControls)] {
		if id := t.Flow.String(); !slices.Contains(fd.Controls, id) {
			fd.Controls = append(fd.Controls, id)
		}
	}
}

// talkVetoes are those of detectors of datagrams: the common ones, a tap at the
// server, and a record that does not go back to the beginning.
func talkVetoes(f *fact.Flow, w *fact.World) []finding.Reason {
	out := append(dropVetoes(f, w), atServer(f)...)
	if !datagramsAnswered(w) {
		out = append(out, finding.Reason{Code: "one_way", Text: "no datagram in the whole capture was answered: only one direction may have been captured"})
	}
	if f.Datagrams.Late {
		out = append(out, finding.Reason{Code: "midstream", Text: "what came before its record was made is not known"})
	}
	return out
}

// datagramsAnswered reports that anybody's datagram was answered so far. That
// connections go on shows in what one end acknowledges, too.
func datagramsAnswered(w *fact.World) bool {
	return len(w.Resolvers) > 0 ||
		slices.ContainsFunc(w.Talks, func(t fact.Talk) bool { return t.Answered != 0 }) ||
		slices.ContainsFunc(w.Controls, func(c fact.Control) bool { return c.Flow != 0 && c.Proto == capture.ProtoUDP })
}

// refusedByICMP reports an ICMP error about the flow: a refusal, and no silence.
func refusedByICMP(f *fact.Flow, j *Judgement) bool {
	m := icmpRefusal(f)
	if m != nil {
		j.stop("icmp", "an ICMP error answered (packet %d): a refusal is no silence", m.Num)
	}
	return m != nil
}
