package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ICMPProhibited finds flows that a router or host declared prohibited, or
// refused, with an ICMP error. A prohibition by a third party is an open
// statement; one by either end, or a plain "unreachable", is an ordinary
// refusal and benign. The same statement about several destinations or names makes
// it likely ([Repeat]).
type ICMPProhibited struct{}

// Name returns "icmp.prohibited".
func (ICMPProhibited) Name() string { return string(finding.ICMPProhibited) }

// Judge judges one flow.
func (ICMPProhibited) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("icmp", "an ICMP unreachable about a packet of the client after which the server is not heard again")
	m := icmpRefusal(f)
	switch {
	case m == nil || f.Key.Proto != capture.ProtoTCP && f.Key.Proto != capture.ProtoUDP:
		return j
	case f.Sides[fact.Down].LastAny >= m.Time:
		j.stop("answered", "the server went on after the ICMP error of packet %d", m.Num)
		return j
	case !icmpProhibited(m) && f.Sides[fact.Down].Packets > 0:
		j.stop("soft_error", "an ICMP unreachable in mid-flow is a hint, not an end (RFC 1122 section 4.2.3.9)")
		return j
	}
	j.Findings = append(j.Findings, judgeICMP(f, w, m))
	return j
}

func judgeICMP(f *fact.Flow, w *fact.World, m *fact.ICMP) finding.Finding {
	from := netip.AddrFrom16(m.From).Unmap()
	all := icmpRefusals(f, from)
	fd := Start(f, w, finding.ICMPProhibited)
	fd.Direction, fd.Packets, fd.Filter = finding.ToClient, all, Filter(all...)
	fd.Summary = fmt.Sprintf("%s answered %d time(s) with ICMP %s", from, len(all), icmpName(m))
	if cause := icmpCause(f, w, m, from); cause != "" {
		fd.BenignCause = cause
		Conclude(&fd, finding.Benign)
		return fd
	}
	where := icmpPlace(f, m, &fd)
	own := ownSide(f, m, from)
	if own {
		fd.NotRuledOut = append(fd.NotRuledOut, "own_policy")
	} else {
		fd.RuledOut = append(fd.RuledOut, "own_policy", "outage")
	}
	fd.For = append(fd.For, finding.Evidence{Code: "ICMP", Family: finding.Content, Class: finding.S, Packets: all,
		Text: fmt.Sprintf("%s, neither end of the flow%s, declares it administratively prohibited", from, where)})
	if len(all) > 1 {
		fd.For = append(fd.For, finding.Evidence{Code: "ICMP", Family: finding.Multiplicity, Class: finding.M, Packets: all,
			Text: fmt.Sprintf("%d attempts got the same answer", len(all))})
	}
	if live := liveControls(f, w, f.Start-addressMemory, m.Time+addressMemory); len(live) > 0 {
		fd.For = append(fd.For, liveEvidence(live))
		addControls(&fd, live)
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "far_end_policy")
	v := Fuse(fd.For)
	if own {
		v = Cap(v, finding.Suspected) // a box on this side of the line may be the user's own
	}
	Conclude(&fd, v)
	return fd
}

// ownSide reports that a router may be the user's own: one with an address that only
// this side's network knows, or the first one as seen from the user's host. Shared
// address space is the carrier's (RFC 6598 section 1), unless the client has such an
// address itself: overlays use it too.
func ownSide(f *fact.Flow, m *fact.ICMP, from netip.Addr) bool {
	switch {
	case cgn.Contains(from):
		return cgn.Contains(f.Key.SrcAddr())
	case localAddr(from):
		return true
	}
	return f.Vantage == "host" && initialTTL(m.TTL)
}

func initialTTL(ttl uint8) bool { return slices.Contains(initialTTLs[:], int(ttl)) }

// icmpPlace says how far away the router is, as the TTL of its message tells. The
// client's packet passed the tap and came to it.
func icmpPlace(f *fact.Flow, m *fact.ICMP, fd *finding.Finding) string {
	if f.Vantage == "host" || f.Vantage == "gateway" {
		fd.Segment = finding.ServerSide
	}
	if m.TTL == 0 {
		return ""
	}
	at := hopRange([]uint8{m.TTL}, hopSlack)
	if at == nil {
		return ""
	}
	fd.Hops = &finding.Hops{Injector: at}
	return fmt.Sprintf(" and %d to %d hops from the tap", at[0], at[1])
}

// icmpCause names the innocent cause of an ICMP error, "" when there is none.
func icmpCause(f *fact.Flow, w *fact.World, m *fact.ICMP, from netip.Addr) string {
	switch {
	case !icmpProhibited(m):
		return "refused"
	case from == f.Key.DstAddr(), fact.Network(from) == fact.Network(f.Key.DstAddr()), sameOwner(w, from, f.Key.DstAddr()):
		// The stock firewall of a widespread Linux distribution rejects so, and the
		// router before it with an access list does.
		return "far_end_firewall"
	case from == f.Key.SrcAddr():
		return "local_firewall"
	}
	return ""
}

// sameOwner reports that the rules know two addresses as one owner's.
func sameOwner(w *fact.World, a, b netip.Addr) bool {
	if w.Rules == nil {
		return false
	}
	x, ok := w.Rules.OwnerOfAddr(a)
	y, too := w.Rules.OwnerOfAddr(b)
	return ok && too && x == y
}

// icmpRefusal is the first ICMP unreachable about a packet of the client, nil if
// there is none. "Too big" and "time exceeded" refuse nothing.
func icmpRefusal(f *fact.Flow) *fact.ICMP {
	for i := range f.ICMPs {
		if m := &f.ICMPs[i]; m.Dir == fact.Up && icmpUnreachable(m) {
			return m
		}
	}
	return nil
}

// icmpRefusals lists the packets by which one sender refused the flow.
func icmpRefusals(f *fact.Flow, from netip.Addr) []uint64 {
	out := []uint64{}
	for i := range f.ICMPs {
		m := &f.ICMPs[i]
		if m.Dir == fact.Up && icmpUnreachable(m) && netip.AddrFrom16(m.From).Unmap() == from {
			out = append(out, m.Num)
		}
	}
	return out
}

// icmpUnreachable: RFC 792 type 3 but for code 4; RFC 4443 section 3.1, type 1.
func icmpUnreachable(m *fact.ICMP) bool {
	return m.V6 && m.Type == 1 || !m.V6 && m.Type == 3 && m.Code != 4
}

// icmpProhibited: RFC 1812 section 5.2.7.1, codes 9, 10 and 13; RFC 4443 section
// 3.1, code 1.
func icmpProhibited(m *fact.ICMP) bool {
	if m.V6 {
		return m.Type == 1 && m.Code == 1
	}
	return m.Type == 3 && (m.Code == 9 || m.Code == 10 || m.Code == 13)
}

func icmpName(m *fact.ICMP) string {
	if icmpProhibited(m) {
		return fmt.Sprintf("administratively prohibited (type %d code %d)", m.Type, m.Code)
	}
	return fmt.Sprintf("unreachable (type %d code %d)", m.Type, m.Code)
}
