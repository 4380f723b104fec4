package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// DropHello finds connections that opened and whose first payload was then
// never acknowledged, however often it was sent, with nothing at all from the
// server (resets-and-drops, D2); or whose first payload was acknowledged in
// part and never to its end, technique "swallowed-tail"; or whose server fell
// silent for good a few packets later (D3), technique "muted". Any other sign of life
// of the server clears it for good. A server that dies after accepting looks
// the same, so only another name answered on the same address makes it likely.
type DropHello struct{}

// Name returns "drop.hello".
func (DropHello) Name() string { return string(finding.DropHello) }

// Judge judges one flow.
func (DropHello) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("handshake", "a complete TCP handshake")
	j.needs("hello_unacked", "the first payload and three retransmissions of it never acknowledged, and nothing else from the server; "+
		"or acknowledged, then silence, and three repetitions of what the client sent next, or of its FIN")
	j.needs("control", "a connection of this client to another party that goes on meanwhile; better, another name on the same address")
	h := &f.Hello
	if !isTCP(f) || h.First.Num == 0 {
		return j
	}
	if h.Acked.Ok && !h.HeadAck {
		mutedOf(f).judge(w, &j)
		return j
	}
	if helloAnswered(f, &j) {
		return j
	}
	j.saw("hello", "%s sent %d times", helloText(f), h.Count+1)
	stop, ok := helloPatience(f, &j)
	if !ok {
		return j
	}
	stop = append(stop, helloVetoes(f)...)
	stop = append(stop, hearsay(f, w, dropVetoes(f, w))...)
	fd, ceiling := helloFinding(f, w)
	j.settle(fd, append(stop, atServer(f)...), ceiling)
	return j
}

// helloAnswered reports a sign of life, which clears the flow.
func helloAnswered(f *fact.Flow, j *Judgement) bool {
	h := &f.Hello
	oneWay := f.Blind&fact.BlindOneWay != 0
	switch {
	case h.Data.Num != 0:
		j.stop("answered", "the server answered with payload (packet %d)", h.Data.Num)
	case f.ResetCount[fact.Down] > 0:
		j.stop("reset", "the server's side reset the connection")
	case icmpRefusal(f) != nil:
		j.stop("icmp", "an ICMP error answered (packet %d)", icmpRefusal(f).Num)
	case h.Answer.Num != 0 && !h.HeadAck:
		j.stop("alive", "the server sent something after the first payload (packet %d)", h.Answer.Num)
	case oneWay && f.Sides[fact.Down].Packets == 0 && f.Stall[fact.Up].Heard:
		j.stop("answered", "the client acknowledges something of the server's, which was not captured")
	case !f.Handshake && f.Blind&fact.BlindMidstream == 0 && !oneWay:
		j.stop("no_handshake", "the handshake was not seen to complete")
	case !f.Handshake && h.Kind == "other":
		j.stop("no_hello", "without its start the flow's first payload is not known")
	default:
		return false
	}
	return true
}

// helloPatience tells whether enough copies went unanswered for long enough,
// and what keeps the question open all the same.
func helloPatience(f *fact.Flow, j *Judgement) (stop []finding.Reason, ok bool) {
	h := &f.Hello
	old := unanswered(h.Retrans, f)
	switch {
	case int(h.Count) >= dropRetries && old >= dropRetries:
		return nil, true
	case f.End == fact.EndOfCapture && int(h.Count) >= dropRetries-1:
		return []finding.Reason{captureEnded(int(h.Count))}, true
	}
	j.stop("too_few", "%d retransmission(s) were given time to be answered, %d are needed", old, dropRetries)
	return nil, false
}

// helloVetoes are the vetoes of this detector alone.
func helloVetoes(f *fact.Flow) []finding.Reason {
	var out []finding.Reason
	if f.Blind&fact.BlindMidstream != 0 {
		out = append(out, finding.Reason{Code: "midstream", Text: "the handshake was not captured: whether the server ever answered is not known"})
	}
	if smallest(f) > mtuDoubt && !f.Hello.HeadAck {
		out = append(out, finding.Reason{Code: "mtu",
			Text: "no segment of the first payload is small: a path that loses large packets in silence looks the same"})
	}
	return out
}

func helloFinding(f *fact.Flow, w *fact.World) (fd finding.Finding, ceiling finding.Verdict) {
	h := &f.Hello
	last := lastCopy(h)
	fd = Start(f, w, finding.DropHello)
	fd.Direction = finding.ToServer
	fd.Packets = markNumbers(append([]fact.Mark{h.First}, h.Retrans...)...)
	if f.Handshake {
		fd.Segment = finding.ServerSide
	}
	what := "never acknowledged, and nothing else came back"
	if h.HeadAck {
		fd.Technique = "swallowed-tail"
		what = "its head acknowledged, its tail never"
	}
	sent := fmt.Sprintf("%s sent %d times in %s, %s", helloText(f), h.Count+1, spellNs(last-h.First.Time), what)
	fd.For = append(fd.For, finding.Evidence{Code: "D2", Family: finding.Demand, Class: finding.S, Text: sent,
		Got: fmt.Sprintf("%d retransmissions", h.Count), Want: fmt.Sprintf(">= %d", dropRetries), Packets: fd.Packets})
	fd.Summary = opened(f) + sent
	if smallest(f) <= mtuDoubt || h.HeadAck {
		fd.RuledOut = append(fd.RuledOut, "mtu") // a small segment is not heard of either, or a full one was
	}
	return fd, helloControls(f, w, &fd, h.First.Time, last)
}

// helloControls compares with what lived while something was asked in vain, from its
// first copy to the last, and says how far the verdict may go.
func helloControls(f *fact.Flow, w *fact.World, fd *finding.Finding, from, last int64) finding.Verdict {
	live := liveControls(f, w, from, last)
	if len(live) > 0 {
		fd.For = append(fd.For, liveEvidence(live))
		addControls(fd, live)
		fd.RuledOut = append(fd.RuledOut, "dead_link")
	}
	// One outside the attempt's own time needs the link to be proven alive.
	at := slices.DeleteFunc(sameAddress(f, w, from, last), func(c fact.Control) bool {
		return len(live) == 0 && !inside(&c, from, last)
	})
	if len(at) > 0 {
		fd.For = append(fd.For, addressEvidence(at))
		addControls(fd, at)
		fd.RuledOut = append(fd.RuledOut, "dead_server")
	} else if f.Hello.HeadAck {
		fd.RuledOut = append(fd.RuledOut, "dead_server")
	} else {
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_server")
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "far_end_filter")
	same := sameName(f, w, from, last)
	if len(same) == 0 {
		return finding.Likely
	}
	fd.Against = append(fd.Against, finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.X,
		Text: fmt.Sprintf("the same name on the same address was answered meanwhile (%s)", same[0].Flow)})
	return finding.Suspected
}

// helloSize is the length of the first payload, bytes; 0 not known.
func helloSize(f *fact.Flow) uint32 {
	if isn := f.Sides[fact.Up].ISN; isn.Ok {
		return f.Hello.End - isn.V - 1
	}
	return 0
}

// smallest is the length of the shortest segment of the first payload: its
// tail, when all before it are as long as Ethernet lets them be.
func smallest(f *fact.Flow) uint32 {
	size, before := helloSize(f), fullEthernet*max(f.Hello.Segs, 1)-fullEthernet
	return size - min(before, size)
}

// helloText names the first payload.
func helloText(f *fact.Flow) string {
	name := "first payload"
	switch f.Hello.Kind {
	case "tls":
		name = "TLS hello"
	case "http":
		name = "HTTP request"
	}
	if size := helloSize(f); size > 0 {
		return fmt.Sprintf("%s of %d bytes", name, size)
	}
	return name
}

// lastCopy is when the first payload was last sent, of the copies remembered.
func lastCopy(h *fact.Hello) int64 {
	if n := len(h.Retrans); n > 0 {
		return h.Retrans[n-1].Time
	}
	return h.First.Time
}

// opened begins a sentence with how the connection opened.
func opened(f *fact.Flow) string {
	if rtt := f.RTTMin(fact.Up); f.Handshake && rtt.Ok {
		return fmt.Sprintf("TCP opens in %s, then ", spellNs(int64(rtt.V)))
	}
	if f.Handshake {
		return "TCP opens, then "
	}
	return ""
}
