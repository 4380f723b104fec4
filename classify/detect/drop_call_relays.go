package detect

import (
	"fmt"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// relayRounds is how often each relay must have been asked (rate-and-calls,
	// 2.8: 4 requests; in working calls, relays answer the first).
	relayRounds = 4
	// manyRelays in manyNetworks make a strong sign (resets-and-drops, D8); two in
	// two are the least that is told, and one dead relay is everyday life.
	manyRelays   = 3
	manyNetworks = 2
	fewRelays    = 2
)

// relayCase is one silent relay with the others of its call.
type relayCase struct {
	f     *fact.Flow
	asks  *fact.Mute
	mute  []*fact.Talk   // other relays of the service that are silent
	other []fact.Control // UDP of the client to somebody else that was answered
	here  []*fact.Talk   // other UDP of the client that the same address answered
	lives []fact.Control // the service, over TCP
}

// relaysSilent judges a relay that never answered.
func relaysSilent(f *fact.Flow, w *fact.World, j *Judgement) {
	r := relaysOf(f, w)
	asks := r.asks
	j.saw("asked", "%s sent in %d rounds within %s, nothing back; %d other relay(s) silent", f.Datagrams.Ask, asks.Count, spellNs(asks.Last.Time-asks.First.Time), len(r.mute))
	switch {
	case !ofRelay(f, w):
		j.stop("no_relay", "a %s to an address that is not known to be the service's: candidates go unanswered in every call", f.Datagrams.Ask)
	case asks.Count < relayRounds:
		j.stop("too_few", "asked %d times, %d are needed", asks.Count, relayRounds)
	case refusedByICMP(f, j):
	case r.works(w, j):
	case len(r.mute)+1 < fewRelays || networks(r.mute, f.Key.DstAddr()) < manyNetworks:
		j.stop("few_relays", "%d silent relay(s) in %d network(s): one that is down looks the same", len(r.mute)+1, networks(r.mute, f.Key.DstAddr()))
	default:
		r.conclude(w, j)
	}
}

// ofRelay reports whether what is asked is asked of a relay: by its kind, or by whose
// the address is.
func ofRelay(f *fact.Flow, w *fact.World) bool {
	d := f.Datagrams
	switch {
	case d.First.Relay():
		return true
	case d.First == fact.AskCheck || d.First == fact.AskNothing || w.Rules == nil:
		return false
	}
	_, known := w.Rules.OwnerOfAddr(f.Key.DstAddr())
	return known
}

func relaysOf(f *fact.Flow, w *fact.World) *relayCase {
	r := &relayCase{f: f, asks: &f.Datagrams.Rounds}
	from, to := r.asks.First.Time, r.asks.Last.Time
	r.mute = talks(f, w, func(t *fact.Talk) bool {
		return neverAnswered(t, relayRounds) && sameCall(t, f) && t.Ask == f.Datagrams.First && t.Server != f.Key.DstAddr() &&
			overlaps(t.First, t.Last, from, to, callAttempt)
	})
	r.mute = oncePerServer(r.mute)
	r.here = talks(f, w, func(t *fact.Talk) bool {
		return t.Server == f.Key.DstAddr() && t.Answered != 0 && overlaps(t.Answered, t.Heard, from, to, talkMemory)
	})
	r.other = slices.DeleteFunc(w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoUDP,
		NotServer: f.Key.DstAddr(), From: from - talkMemory, To: to + talkMemory}, controlScan), func(c fact.Control) bool {
		return localAddr(c.Server) || passedAnyway(c.Port) || c.Service == f.Label.Service
	})
	r.lives = slices.DeleteFunc(w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoTCP,
		From: from - talkMemory, To: to + talkMemory}, controlScan), func(c fact.Control) bool { return c.Owner != ownerOf(f) })
	return r
}

// sameCall reports a conversation that may be of the same call: of the service, or
// with a relay of nobody known. Services rent relays, and a client asks none for
// nothing.
func sameCall(t *fact.Talk, f *fact.Flow) bool {
	return t.Service == f.Label.Service || t.Service == "" && (t.Owner == ownerOf(f) || t.Owner == "" && t.Ask.Relay())
}

// oncePerServer keeps the first conversation with each address.
func oncePerServer(all []*fact.Talk) (out []*fact.Talk) {
	for _, t := range all {
		if !slices.ContainsFunc(out, func(o *fact.Talk) bool { return o.Server == t.Server }) {
			out = append(out, t)
		}
	}
	return out
}

// passedAnyway reports a port that networks which allow no other UDP let through:
// names, time, the web.
func passedAnyway(port uint16) bool {
	switch port {
	case 53, 123, 443, 853, 5353:
		return true
	}
	return false
}

// works reports that the call came about in spite of this relay.
func (r *relayCase) works(w *fact.World, j *Judgement) bool {
	from, to := r.asks.First.Time, r.asks.Last.Time
	for _, t := range talks(r.f, w, func(t *fact.Talk) bool {
		return t.Answered != 0 && sameCall(t, r.f) && overlaps(t.Answered, t.Heard, from, to, callAttempt)
	}) {
		switch {
		case t.Ask == r.f.Datagrams.First:
			j.stop("another_answers", "another relay of the service answered (%s): one that is down is no block", t.Flow)
			return true
		case t.Carried:
			j.stop("carried", "the call's media took another way (%s)", t.Flow)
			return true
		}
	}
	return false
}

// conclude says what was seen.
func (r *relayCase) conclude(w *fact.World, j *Judgement) {
	f, asks := r.f, r.asks
	fd := startCall(f, w)
	fd.Direction = finding.Both
	fd.Packets = markNumbers(asks.Marks()...)
	relays, nets := len(r.mute)+1, networks(r.mute, f.Key.DstAddr())
	text := fmt.Sprintf("%s to %s port %d sent in %d rounds within %s, nothing came back", f.Datagrams.First, fd.Server.IP, fd.Server.Port,
		asks.Count, spellNs(asks.Last.Time-asks.First.Time))
	fd.Summary = fmt.Sprintf("no relay for calls answers, %d in %d networks were asked: %s", relays, nets, text)
	fd.For = append(fd.For, finding.Evidence{Code: "D8", Family: finding.Demand, Class: finding.M, Text: text,
		Got: fmt.Sprintf("%d rounds", asks.Count), Want: fmt.Sprintf(">= %d", relayRounds), Packets: fd.Packets})
	class := finding.M
	if relays >= manyRelays {
		class = finding.S
	}
	fd.For = append(fd.For, finding.Evidence{Code: "D8", Family: finding.Multiplicity, Class: class,
		Text: fmt.Sprintf("%d relays of the service in %d networks were asked, none answered (%s)", relays, nets, list(r.mute)),
		Got:  fmt.Sprintf("%d relays", relays), Want: fmt.Sprintf(">= %d", manyRelays)})
	stop := append(talkVetoes(f, w), addLink(&fd, f, w, asks.First.Time, asks.Last.Time)...)
	ceiling := r.ceiling(&fd)
	j.settle(fd, stop, ceiling)
}

// list names conversations by their flows and servers.
func list(all []*fact.Talk) string {
	var s string
	for i, t := range all[:min(len(all), maxControls)] {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s to %s", t.Flow, t.Server)
	}
	return s
}

// ceiling is what can be said with what works beside: a network that lets no UDP
// through but names and the web, and a service that is down, look the same.
func (r *relayCase) ceiling(fd *finding.Finding) finding.Verdict {
	ceiling := finding.Likely
	switch {
	case len(r.here) > 0:
		fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.S,
			Text: fmt.Sprintf("the same address answered %s on port %d meanwhile, %s: it is not the address", r.here[0].Ask, r.here[0].Port, r.here[0].Flow)})
		addTalks(fd, r.here)
		fd.RuledOut = append(fd.RuledOut, "udp_policy", "dead_relays")
	case len(r.other) > 0:
		c := r.other[0]
		fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.M,
			Text: fmt.Sprintf("UDP of this client to %s port %d was answered within a minute, %s", c.Server, c.Port, c.Flow)})
		addControls(fd, r.other)
		fd.RuledOut = append(fd.RuledOut, "udp_policy")
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_relays", "port_policy")
	default:
		fd.NotRuledOut = append(fd.NotRuledOut, "udp_policy", "dead_relays")
		ceiling = finding.Suspected
	}
	if len(r.lives) == 0 {
		fd.NotRuledOut = append(fd.NotRuledOut, "service_down")
		return finding.Suspected
	}
	addControls(fd, r.lives)
	fd.RuledOut = append(fd.RuledOut, "service_down")
	return ceiling
}
