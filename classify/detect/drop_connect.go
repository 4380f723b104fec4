package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// DropConnect finds connections whose SYN and at least three retransmissions of
// it got nothing back (resets-and-drops, D1). A dead host and a firewall look
// the same, so it never says more than suspected, and less without a control.
type DropConnect struct{}

// Name returns "drop.connect".
func (DropConnect) Name() string { return string(finding.DropConnect) }

// Judge judges one flow.
func (DropConnect) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("syn_unanswered", "a SYN and three retransmissions of it with nothing back: no SYN/ACK, RST or ICMP")
	j.needs("control", "a connection of this client to another party that goes on meanwhile")
	up := &f.Sides[fact.Up]
	if !isTCP(f) || up.SYN.Num == 0 || connectAnswered(f, &j) {
		return j
	}
	again := max(int(up.SYNCount)-1, len(f.Hello.SYNRetr))
	j.saw("syn", "%d SYN(s) in %s, nothing back", again+1, spellNs(lastSYN(f)-up.SYN.Time))
	stop, ok := connectPatience(f, again, &j)
	if !ok {
		return j
	}
	fd := Start(f, w, finding.DropConnect)
	fd.Direction = finding.ToServer
	fd.Packets = markNumbers(append([]fact.Mark{up.SYN}, f.Hello.SYNRetr...)...)
	fd.For = append(fd.For, finding.Evidence{Code: "D1", Family: finding.Demand, Class: finding.M,
		Text: fmt.Sprintf("SYN sent %d times in %s; no SYN/ACK, reset or ICMP error came back", again+1, spellNs(lastSYN(f)-up.SYN.Time)),
		Got:  fmt.Sprintf("%d retransmissions", again), Want: fmt.Sprintf(">= %d", dropRetries), Packets: fd.Packets})
	fd.NotRuledOut = append(fd.NotRuledOut, "far_end_firewall", "wrong_route")
	connectControls(f, w, &fd)
	fd.Summary = fmt.Sprintf("%s does not answer: SYN sent %d times in %s, nothing came back",
		fd.Server.IP, again+1, spellNs(lastSYN(f)-up.SYN.Time))
	if w.OnlyClients() {
		noteBlind(&fd, "one_way")
	}
	j.settle(fd, append(append(stop, hearsay(f, w, dropVetoes(f, w))...), atServer(f)...), finding.Suspected)
	return j
}

// connectAnswered reports any sign of life, which ends the question.
func connectAnswered(f *fact.Flow, j *Judgement) bool {
	down := &f.Sides[fact.Down]
	switch {
	case f.Handshake || f.SYNACK.Num != 0:
		j.stop("answered", "the server answered the SYN")
	case f.ResetCount[fact.Down] > 0:
		j.stop("refused", "the SYN was answered by a reset")
	case down.Packets > 0:
		j.stop("answered", "%d packet(s) came back", down.Packets)
	case icmpRefusal(f) != nil:
		j.stop("icmp", "an ICMP error answered the SYN (packet %d)", icmpRefusal(f).Num)
	case f.Sides[fact.Up].Payload > 0 && f.Blind&fact.BlindOneWay == 0:
		j.stop("data", "the client sent payload: it must have been answered")
	default:
		return false
	}
	return true
}

// connectPatience tells whether enough copies went unanswered for long enough,
// and what keeps the question open all the same.
func connectPatience(f *fact.Flow, again int, j *Judgement) (stop []finding.Reason, ok bool) {
	old := again // marks are few; without them the count has to do
	if n := len(f.Hello.SYNRetr); n == again {
		old = unanswered(f.Hello.SYNRetr, f)
	}
	switch {
	case old >= dropRetries:
		return nil, true
	case f.End == fact.EndOfCapture && again >= dropRetries-1:
		return []finding.Reason{captureEnded(again)}, true
	}
	j.stop("too_few", "%d retransmission(s) were given time to be answered, %d are needed", old, dropRetries)
	return nil, false
}

// connectControls compares with what lived meanwhile.
func connectControls(f *fact.Flow, w *fact.World, fd *finding.Finding) {
	from, to := f.Sides[fact.Up].SYN.Time, lastSYN(f)
	if live := liveControls(f, w, from, to); len(live) > 0 {
		fd.For = append(fd.For, liveEvidence(live))
		addControls(fd, live)
		fd.RuledOut = append(fd.RuledOut, "dead_link")
	}
	alive := w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Server: f.Key.DstAddr(), If: f.If, From: from, To: to}, 1)
	if len(alive) == 0 {
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_host")
		return
	}
	fd.RuledOut = append(fd.RuledOut, "dead_host")
	fd.Against = append(fd.Against, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.W,
		Text: fmt.Sprintf("the same address went on answering %s", alive[0].Flow)})
}

// lastSYN is when the client last tried.
func lastSYN(f *fact.Flow) int64 {
	if n := len(f.Hello.SYNRetr); n > 0 {
		return f.Hello.SYNRetr[n-1].Time
	}
	return max(f.Sides[fact.Up].SYN.Time, f.Sides[fact.Up].LastAny)
}
