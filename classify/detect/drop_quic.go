package detect

import (
	"fmt"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// quicRounds is the first Initial and three probe timeouts (resets-and-drops,
	// D7), quicPatience how long they must go back, ns: three probe timeouts of the
	// initial round trip that RFC 9002 section 6.2.2 assumes take 2.3 s.
	quicRounds   = 4
	quicPatience = int64(2 * time.Second)
	// quicTCP is how far from the Initials TCP to the same place tells that it
	// lives, ns (D7).
	quicTCP = int64(10 * time.Second)
	// quicResidual is how long a tuple stays dead after a name, ns: the longest of
	// those known (D7, D9: 420 s of one make, 180 s of another).
	quicResidual = int64(420 * time.Second)
	// quicElsewhere is how many servers without an answer make a network without
	// QUIC, where no other answered (B32).
	quicElsewhere = 3
)

// DropQUIC finds QUIC Initials that nobody answers where TCP to the same place and
// QUIC to others work (resets-and-drops, D7). Where nobody's QUIC is ever answered
// it is the network's policy, and the finding is benign.
type DropQUIC struct{}

// Name returns "drop.quic".
func (DropQUIC) Name() string { return string(finding.DropQUIC) }

// Judge judges one flow.
func (DropQUIC) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("initials_unanswered", "an Initial and %d probe timeouts of %s, with no packet and no ICMP error back", quicRounds-1, span(quicPatience))
	j.needs("tcp", "TCP to the same address or name that works, at most %s away", span(quicTCP))
	j.needs("quic_control", "QUIC of this client that another name or party answers")
	d := f.Datagrams
	if !isUDP(f) || d == nil || f.App != "quic" || quicAnswered(f, &j) {
		return j
	}
	j.saw("initials", "%d rounds of Initials in %s, nothing back", d.Rounds.Count, span(d.Rounds.Last.Time-d.Rounds.First.Time))
	if d.Rounds.Count < quicRounds || f.Now-d.Rounds.First.Time < quicPatience {
		j.stop("too_few", "%d rounds in %s are too few or too short", d.Rounds.Count, span(f.Now-d.Rounds.First.Time))
		return j
	}
	q := quicOf(f, w)
	if len(q.named) > 0 {
		j.stop("same_name", "QUIC under the same name to the same address was answered (%s)", q.named[0].Flow)
		return j
	}
	q.conclude(w, &j)
	return j
}

// quicAnswered reports any sign of life.
func quicAnswered(f *fact.Flow, j *Judgement) bool {
	if n := f.Sides[fact.Down].Packets; n > 0 {
		j.stop("answered", "%d packet(s) came back", n)
		return true
	}
	return refusedByICMP(f, j)
}

// quicCase is one silent connection and what it is compared with.
type quicCase struct {
	f     *fact.Flow
	asks  *fact.Mute
	tcp   []fact.Control // to the same address or name
	alive []*fact.Talk   // QUIC that was answered
	here  []*fact.Talk   // of it, by the same address under another name
	named []*fact.Talk   // of it, by the same address under the same name
	mute  []*fact.Talk   // other QUIC that was not answered
	again []*fact.Talk   // of it, of the same service
}

func quicOf(f *fact.Flow, w *fact.World) *quicCase {
	q := &quicCase{f: f, asks: &f.Datagrams.Rounds}
	server, name := f.Key.DstAddr(), f.Name()
	quic := func(t *fact.Talk) bool { return t.Ask == fact.AskQUIC && t.Server.Is4() == server.Is4() }
	for _, t := range talks(f, w, quic) {
		switch near := overlaps(t.Answered, t.Heard, q.asks.First.Time, q.asks.Last.Time, talkMemory); {
		case t.Answered == 0:
			if t.Rounds >= fact.AskedEnough {
				q.mute = append(q.mute, t)
				if t.Owner != "" && t.Owner == ownerOf(f) && overlaps(t.First, t.Last, q.asks.First.Time, q.asks.Last.Time, talkMemory) {
					q.again = append(q.again, t)
				}
			}
		case near && t.Server == server && t.Name == name:
			q.named = append(q.named, t)
		case near && t.Server == server && t.Name != "" && name != "":
			q.here = append(q.here, t)
			q.alive = append(q.alive, t)
		case near:
			q.alive = append(q.alive, t)
		}
	}
	q.tcp = tcpToo(f, w, q.asks.First.Time-quicTCP, q.asks.Last.Time+quicTCP)
	return q
}

// tcpToo are connections of the client to the same address or name.
func tcpToo(f *fact.Flow, w *fact.World, from, to int64) []fact.Control {
	name := f.Name()
	all := w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoTCP, From: from, To: to}, controlScan)
	return slices.DeleteFunc(all, func(c fact.Control) bool {
		return c.Server != f.Key.DstAddr() && (name == "" || c.Name != name)
	})
}

// conclude says what was seen, and what it was.
func (q *quicCase) conclude(w *fact.World, j *Judgement) {
	fd := q.finding(w)
	stop := talkVetoes(q.f, w)
	switch {
	case len(q.alive) == 0 && len(q.tcp) > 0 && servers(q.mute)+1 >= quicElsewhere && len(stop) == 0:
		fd.BenignCause = "udp443_policy"
		fd.Summary = fmt.Sprintf("no QUIC works here: %d servers were tried, none answered, TCP to %s works", servers(q.mute)+1, fd.Server.IP)
		Conclude(&fd, finding.Benign)
		fd.Filter = Filter(fd.Packets...)
		j.Findings = append(j.Findings, fd)
		return
	case len(q.alive) == 0:
		stop = append(stop, finding.Reason{Code: "no_quic_control", Text: "no QUIC of this client was answered by anybody: a network without QUIC looks the same"})
	case len(q.tcp) == 0:
		stop = append(stop, finding.Reason{Code: "no_control", Text: "nothing shows that the server is there: no TCP to the same address or name"})
	}
	q.weigh(&fd)
	if !q.linkLives(w) {
		stop = append(stop, finding.Reason{Code: "no_control", Text: "no TCP was seen to work while the Initials went out: a dead link looks the same"})
	}
	j.settle(fd, stop, finding.Likely)
}

// linkLives reports that TCP, to the same place or to others, moved in the middle half
// of the time in which the Initials went out.
func (q *quicCase) linkLives(w *fact.World) bool {
	from, to := middle(q.asks.First.Time, q.asks.Last.Time)
	return len(liveControls(q.f, w, q.asks.First.Time, q.asks.Last.Time)) > 0 ||
		slices.ContainsFunc(q.tcp, func(c fact.Control) bool { return c.Last >= from && c.First <= to })
}

// finding says what was seen.
func (q *quicCase) finding(w *fact.World) finding.Finding {
	f, n := q.f, q.asks.Count
	fd := Start(f, w, finding.DropQUIC)
	fd.Direction = finding.Both
	fd.Packets = markNumbers(q.asks.Marks()...)
	text := fmt.Sprintf("QUIC Initials to %s%s sent in %d rounds within %s, nothing came back", fd.Server.IP, underName(fd.Name), n, spellNs(q.asks.Last.Time-q.asks.First.Time))
	fd.Summary = text
	fd.For = append(fd.For, finding.Evidence{Code: "D7", Family: finding.Demand, Class: finding.M, Text: text,
		Got: fmt.Sprintf("%d rounds", n), Want: fmt.Sprintf(">= %d", quicRounds), Packets: fd.Packets})
	fd.Technique = q.residual()
	return fd
}

func underName(name string) string {
	if name == "" {
		return ""
	}
	return " for " + name
}

// weigh adds what the connection is compared with.
func (q *quicCase) weigh(fd *finding.Finding) {
	if len(q.tcp) > 0 {
		fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.M,
			Text: fmt.Sprintf("TCP to the same address or name got through meanwhile, %s among %d", q.tcp[0].Flow, len(q.tcp))})
		addControls(fd, q.tcp)
		fd.RuledOut = append(fd.RuledOut, "dead_host", "dead_link")
	}
	switch {
	case len(q.here) > 0:
		fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.S,
			Text: fmt.Sprintf("the same address answered QUIC under another name, %s for %s among %d", q.here[0].Flow, q.here[0].Name, len(q.here))})
		fd.RuledOut = append(fd.RuledOut, "server_without_quic", "udp443_policy", "mtu")
		addTalks(fd, q.here)
	case len(q.alive) > 0:
		fd.For = append(fd.For, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.M,
			Text: fmt.Sprintf("QUIC of this client to others was answered, %s to %s among %d", q.alive[0].Flow, q.alive[0].Server, len(q.alive))})
		fd.RuledOut = append(fd.RuledOut, "udp443_policy")
		fd.NotRuledOut = append(fd.NotRuledOut, "server_without_quic", "mtu")
		addTalks(fd, q.alive)
	default:
		fd.NotRuledOut = append(fd.NotRuledOut, "server_without_quic", "udp443_policy")
	}
	if len(q.again) == 0 {
		return
	}
	where := servers(append(q.again, &fact.Talk{Server: q.f.Key.DstAddr()}))
	fd.For = append(fd.For, finding.Evidence{Code: "REP", Family: finding.Trigger, Class: q.repeated(where),
		Text: fmt.Sprintf("%d more QUIC connections of %s were not answered within a minute, %d address(es) in all", len(q.again), ownerOf(q.f), where)})
}

// repeated weighs repetition: at one address that answers no other name, it may be
// that address which does without QUIC.
func (q *quicCase) repeated(addresses int) finding.Class {
	if addresses > 1 || len(q.here) > 0 {
		return finding.S
	}
	return finding.M
}

// residual labels a connection whose own name is answered elsewhere, on a tuple
// that another name made dead a while before (D9).
func (q *quicCase) residual() string {
	name := q.f.Name()
	answered := slices.ContainsFunc(q.alive, func(t *fact.Talk) bool { return t.Name == name && name != "" })
	before := slices.ContainsFunc(q.mute, func(t *fact.Talk) bool {
		return t.Server == q.f.Key.DstAddr() && t.Name != name && t.First < q.asks.First.Time && q.asks.First.Time-t.Last < quicResidual
	})
	if answered && before {
		return "residual"
	}
	return ""
}
