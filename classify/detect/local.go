package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// localShare of the packets of a direction, dropped by full queues and for
	// damage, is harm: fewer, TCP and calls get over.
	localShare = 0.1
	// localFew packets dropped for such reasons are no harm, whatever their share.
	localFew = 3
	// localSilence is how long nothing new of a direction must have arrived since
	// its first packet was dropped to say that the flow stands still, ns.
	localSilence = int64(3 * time.Second)
)

// DropLocal tells what this host's own kernel dropped of a flow
// (resets-and-drops, D12). That it did is certain: the kernel says so. Confirmed
// means that the flow got nowhere for it; otherwise the finding is benign and
// names the reason.
type DropLocal struct{}

// Name returns "drop.local".
func (DropLocal) Name() string { return string(finding.DropLocal) }

// Judge implements [FlowDetector].
func (DropLocal) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("testimony", "the word of this host's kernel: live capture by eBPF")
	if f.Local == nil {
		j.stop("no_testimony", "this host's kernel said nothing of the flow")
		return j
	}
	for i := range f.Local.Drops {
		x := &f.Local.Drops[i]
		if refusesConnection(f, x) {
			j.stop("refused", "nobody listens on the port: the reset that answers says it too")
			continue
		}
		j.Findings = append(j.Findings, localDrop(f, w, x))
	}
	return j
}

// refusesConnection: packets that find no socket after a connection was closed or
// reset by this host are its tail.
func refusesConnection(f *fact.Flow, x *fact.LocalDrop) bool {
	return x.Reason == "NO_SOCKET" && isTCP(f) && (f.Handshake || f.Blind&fact.BlindMidstream != 0)
}

func localDrop(f *fact.Flow, w *fact.World, x *fact.LocalDrop) finding.Finding {
	cause, text := causeOf(x.Reason)
	fd := Start(f, w, finding.DropLocal)
	fd.Key = x.Reason + x.Dir.String()
	fd.Reason = x.Reason
	fd.Segment = finding.ThisHost
	fd.From, fd.To = Time(x.First), Time(x.Last)
	fd.Direction = finding.ToServer
	if x.Dir == fact.Down {
		fd.Direction = finding.ToClient
	}
	fd.Packets = append(fd.Packets, x.Packets...)
	fd.Filter = Filter(fd.Packets...)
	fd.For = append(fd.For, finding.Evidence{Code: "D12", Family: finding.Reaction, Class: finding.C,
		Text: fmt.Sprintf("this host's kernel dropped %s to %s: %s", plural(int(x.Count), "packet"), receiver(f, x.Dir), text),
		Got:  x.Reason, Packets: fd.Packets})
	fd.Summary = fmt.Sprintf("dropped by this host, %s to %s: %s", plural(int(x.Count), "packet"), receiver(f, x.Dir), text)
	if cause == causeDamaged {
		fd.NotRuledOut = append(fd.NotRuledOut, "damaged_on_the_path", "offload_fault")
	}
	if harm, why := harmed(f, x, cause); harm {
		fd.For = append(fd.For, finding.Evidence{Code: "D12", Family: finding.Demand, Class: finding.S, Text: why})
		Conclude(&fd, finding.Confirmed)
	} else {
		fd.BenignCause = cause.benignCause(x.Reason)
		fd.Against = append(fd.Against, finding.Evidence{Code: "D12", Family: finding.Demand, Class: finding.X, Text: why})
		Conclude(&fd, finding.Benign)
	}
	return fd
}

func receiver(f *fact.Flow, d fact.Dir) string {
	if d == fact.Down {
		return "the client"
	}
	return f.Key.DstAddr().String()
}

// harmed tells whether the flow suffered.
func harmed(f *fact.Flow, x *fact.LocalDrop, cause localCause) (bool, string) {
	side := &f.Sides[x.Dir]
	passed := side.Packets // seen at the tap; on the way in the dropped ones are among them
	if !x.Tapped {
		passed += uint64(x.Count)
	}
	share := float64(x.Count) / float64(max(passed, uint64(x.Count)))
	switch {
	case cause == causeSocket:
		return false, "nobody listens there: the sender is told so"
	case x.Count >= localFew && share >= localShare && (cause == causeQueue || cause == causeDamaged):
		return true, fmt.Sprintf("that is %.0f %% of the packets of that direction", 100*share)
	case cause == causeQueue || cause == causeDamaged:
		return false, fmt.Sprintf("%d of %d packets of that direction: too few to do harm", x.Count, passed)
	case !isTCP(f) && share >= 0.5:
		return true, fmt.Sprintf("that is %.0f %% of the packets of that direction", 100*share)
	case isTCP(f) && resetWith(f, x):
		return true, "it was rejected with a reset, which ended the connection"
	case isTCP(f) && stands(f, x):
		return true, "the flow gets nowhere since"
	}
	return false, "the flow goes on"
}

// resetWith reports that a rule on the way out rejected a packet with a reset to
// this host itself: it passed no interface, and the socket took it.
func resetWith(f *fact.Flow, x *fact.LocalDrop) bool {
	r := &f.Local.Received[x.Dir.Other()]
	return x.Reason == "NETFILTER_DROP" && x.Out && r.Count > 0 && r.First >= x.First-rejectTime && r.First <= x.Last+rejectTime
}

// stands reports that a TCP flow got nowhere since packets of it were dropped: it
// never opened, or nothing new was acknowledged or sent since.
func stands(f *fact.Flow, x *fact.LocalDrop) bool {
	if !f.Handshake && f.Blind&fact.BlindMidstream == 0 {
		return x.Last > f.Start || x.Count > 1 || f.SYNACK.Num == 0
	}
	if f.Sides[fact.Down].Payload == 0 && f.Sides[fact.Up].Payload > 0 {
		return true
	}
	newest := max(f.Sides[fact.Up].Last.Time, f.Sides[fact.Down].Last.Time)
	return newest <= x.First+int64(time.Second) && f.Now-x.First >= localSilence && f.End != fact.EndClosed
}

// localVeto stands between a silence and the conclusion that the path made it:
// this host dropped packets of the flow itself.
func localVeto(f *fact.Flow) (finding.Reason, bool) {
	if f.Local == nil {
		return finding.Reason{}, false
	}
	for i := range f.Local.Drops {
		if x := &f.Local.Drops[i]; x.Reason != "NO_SOCKET" {
			return finding.Reason{Code: "local_drop", Text: fmt.Sprintf("this host's own kernel dropped %s of the flow (%s)",
				plural(int(x.Count), "packet"), x.Reason)}, true
		}
	}
	return finding.Reason{}, false
}

// strayFew is how many packets dropped before the tap are worth a finding, unless
// a rule did it: one may be a neighbour that had to be asked first.
const strayFew = 2

// Stray tells of packets that this host dropped before the tap saw them. f is a
// flow of nothing but its ends and its label.
func Stray(x *fact.Stray, f *fact.Flow, w *fact.World) (finding.Finding, bool) {
	cause, text := causeOf(x.Reason)
	if x.Count < strayFew && cause != causeFilter || cause == causeSocket || !x.Out && cause != causeFilter {
		return finding.Finding{}, false
	}
	fd := Start(f, w, finding.DropLocal)
	fd.Key = x.Reason
	fd.Reason = x.Reason
	fd.Flows = []string{}
	fd.Segment, fd.Direction = finding.ThisHost, finding.ToServer
	fd.From, fd.To = Time(x.First), Time(x.Last)
	when, where := "before it left", "before they reached the interface"
	if !x.Out {
		when, where = "as it came in", "before the tap"
	}
	fd.Summary = fmt.Sprintf("dropped by this host %s, %s to %s port %d: %s",
		when, plural(int(x.Count), "packet"), f.Key.DstAddr(), f.Key.DstPort, text)
	fd.For = append(fd.For, finding.Evidence{Code: "D12", Family: finding.Reaction, Class: finding.C,
		Text: fmt.Sprintf("this host's kernel dropped %s of %s %s: %s",
			plural(int(x.Count), "packet"), plural(x.Ports, "connection"), where, text), Got: x.Reason})
	fd.NotRuledOut = append(fd.NotRuledOut, "no_packet_to_show")
	Conclude(&fd, finding.Confirmed)
	if cause == causeQueue {
		fd.BenignCause = cause.benignCause(x.Reason)
		Conclude(&fd, finding.Benign)
	}
	return fd, true
}
