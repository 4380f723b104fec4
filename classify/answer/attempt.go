package answer

import (
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// outcome is what became of one attempt, from facts alone.
type outcome uint8

const (
	idle   outcome = iota // nothing was asked for: not an attempt
	open                  // the capture cannot tell
	worked                // something useful came back
	failed                // nothing useful came back
)

// stage is how far a failed attempt got. It decides which causes fit.
type stage uint8

const (
	stageConnect stage = iota // the SYN was not answered
	stageRefused              // the SYN was answered by a RST or an ICMP error, or the hello by an alert
	stageHello                // the first payload was not answered
	stageReset                // the first payload was answered by a RST
	stageQUIC                 // QUIC Initials were not answered
	stageCut                  // a finding says that it was cut later
	stages
)

// Thresholds of a failed attempt.
const (
	// manySYN is a SYN with three retransmissions (resets-and-drops, D1): even
	// the end of the capture does not leave that question open.
	manySYN = 4
	// manyHello is three retransmissions of the first payload (D2).
	manyHello = 3
	// patience is how long an acknowledged hello may go unanswered, ns. D3
	// waits for 10 RTT and at least 1 s; a count of what works needs no hurry.
	patience = int64(3 * time.Second)
	// alertOnly is the most payload a server sends that answers with one TLS
	// alert and nothing else, bytes: a record header, the alert, and spare.
	alertOnly = 64
)

// attempt is one judged flow.
type attempt struct {
	outcome outcome
	stage   stage
	own     bool // this host itself made it fail
	spare   bool // clients fall back from it (QUIC, IPv6, a refused port): counts when nothing else worked
}

// judge tells what became of a flow that is not a DNS exchange.
func judge(f *fact.Flow) attempt {
	switch f.Key.Proto {
	case capture.ProtoTCP:
		a := judgeTCP(f)
		a.spare = a.outcome == failed && (a.stage == stageConnect && f.Key.DstAddr().Is6() || a.stage == stageRefused && f.SYNACK.Num == 0)
		a.own = a.outcome == failed && ownDoing(f)
		return a
	case capture.ProtoUDP:
		return judgeUDP(f)
	}
	return attempt{outcome: idle}
}

func judgeTCP(f *fact.Flow) attempt {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	switch {
	case alerted(f):
		return attempt{outcome: failed, stage: stageRefused}
	case up.Payload > 0 && down.Payload > 0 && (f.Hello.First.Num == 0 || f.Hello.Data.Num != 0) && !headless(f):
		return attempt{outcome: worked}
	case heardUnseen(f):
		return attempt{outcome: worked}
	case up.SYN.Num == 0: // begun before the capture did
		return attempt{outcome: open}
	case f.SYNACK.Num == 0 && up.Payload == 0:
		return connecting(f)
	case up.Payload > 0:
		return asking(f)
	case down.Payload > 0: // the server speaks first and the client has not yet
		return attempt{outcome: worked}
	case !f.Handshake && up.SYNCount >= manySYN: // the SYN/ACK never arrived
		return attempt{outcome: failed, stage: stageConnect}
	}
	return attempt{outcome: idle} // opened and never used
}

// alerted: the server had one fatal alert to say and nothing else. 0 is
// close_notify (RFC 8446 section 6.1).
func alerted(f *fact.Flow) bool {
	down := &f.Sides[fact.Down]
	return f.Names.AlertDown.Ok && f.Names.AlertDown.V != 0 && down.Payload > 0 && down.Payload <= alertOnly
}

// heardUnseen: the server was not captured, but the client acknowledges more of it than
// a FIN, and of what the client said nothing was asked again since.
func heardUnseen(f *fact.Flow) bool {
	k := &f.Stall[fact.Down]
	return f.Sides[fact.Up].Payload > 0 && f.Unseen.Or(0) > 1 && k.Asked.Count == 0 && k.Probed.Count == 0
}

// headless: of what the server sent not even the first byte arrived, only parts
// from behind, as where a path swallows full segments (lab: mtu-black-hole). What
// the capture alone is missing, the client acknowledges.
func headless(f *fact.Flow) bool {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	first := down.ISN.V + 1
	return down.ISN.Ok && up.HasAck && down.Contig == first && up.MaxAck == first
}

// ownDoing: this host itself made what a failed attempt got for an answer: nobody
// listens here, or a program broke off.
func ownDoing(f *fact.Flow) bool {
	l, resets := f.Local, f.ResetCount[fact.Down]
	return l != nil && resets > 0 && l.Sent[fact.Down].Count >= resets
}

// connecting judges a flow whose SYN has no SYN/ACK.
func connecting(f *fact.Flow) attempt {
	up := &f.Sides[fact.Up]
	switch {
	case f.ResetCount[fact.Down] > 0, len(f.ICMPs) > 0:
		return attempt{outcome: failed, stage: stageRefused}
	case up.SYNCount >= manySYN, up.SYNCount >= 2 && ended(f) && f.Blind&fact.BlindOneWay == 0:
		return attempt{outcome: failed, stage: stageConnect}
	}
	// A single SYN is what a client leaves behind that chose another address.
	return attempt{outcome: open}
}

// asking judges a flow whose first payload has no answer.
func asking(f *fact.Flow) attempt {
	h := &f.Hello
	silent := attempt{outcome: failed, stage: stageHello}
	switch {
	case f.ResetCount[fact.Down] > 0:
		return attempt{outcome: failed, stage: stageReset}
	case h.Count >= manyHello && !h.Acked.Ok:
		return silent
	case f.Blind&fact.BlindOneWay != 0, !ended(f):
		return attempt{outcome: open}
	case h.Count >= 2 && !h.Acked.Ok,
		(h.Kind == "tls" || h.Kind == "http") && f.Last-h.First.Time >= patience:
		return silent
	}
	return attempt{outcome: open} // the client gave up too soon to tell
}

func judgeUDP(f *fact.Flow) attempt {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	switch {
	case up.Payload > 0 && down.Payload > 0:
		return attempt{outcome: worked}
	case up.Payload == 0:
		return attempt{outcome: idle}
	case f.Hello.Kind == "quic" && f.Blind&fact.BlindOneWay == 0 &&
		(up.Packets > manyHello || up.Packets == manyHello && ended(f)):
		return attempt{outcome: failed, stage: stageQUIC, spare: true}
	}
	// An unanswered datagram may be a pruned candidate of a call, a farewell,
	// anything: only a detector may call it a failure.
	return attempt{outcome: open}
}

// ended: the flow came to its own end, so silence was silence.
func ended(f *fact.Flow) bool {
	switch f.End {
	case fact.EndClosed, fact.EndReset, fact.EndIdle, fact.EndReuse:
		return f.Blind&(fact.BlindCaptureEnded|fact.BlindEvicted) == 0
	}
	return false
}
