package explain

import (
	"fmt"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// ladders prints the packets of the target's flows.
func (w *writer) ladders() {
	for _, l := range w.s.ladders {
		rows := l.Rows()
		w.heading("Packets of " + l.ID.String())
		if len(rows) == 0 {
			w.line("  none of its packets was met again")
			continue
		}
		w.steps(l, rows)
	}
	if n := len(w.s.flowIDs()) - len(w.s.ladders); n > 0 && w.s.Sort != Service {
		w.line(fmt.Sprintf("  %d more flows are concerned: ask for them one by one", n))
	}
}

// steps prints one ladder.
func (w *writer) steps(l *packets.Ladder, rows []packets.Row) {
	tcp := false
	for i := range rows {
		tcp = tcp || rows[i].TCP
	}
	counted := ""
	if tcp {
		counted = "; seq, ack and tsval as counted from each side's first"
	}
	w.para("  ", 2, fmt.Sprintf("--> from the client %s port %d, <-- from the server %s port %d; "+
		"time in s since the first packet%s; > named by a finding",
		l.Key.SrcAddr(), l.Key.SrcPort, l.Key.DstAddr(), l.Key.DstPort, counted))
	if tcp {
		w.line(fmt.Sprintf("  %8s %11s     %-11s %10s %10s %6s %4s %4s %5s %6s %9s", "packet", "time", "flags", "seq", "ack", "length", "ttl", "hops", "ipid", "window", "tsval"))
	} else {
		w.line(fmt.Sprintf("  %8s %11s     %6s %4s %4s %5s", "packet", "time", "length", "ttl", "hops", "ipid"))
	}
	start := packets.StartOf(rows)
	if f := w.s.flow(l.ID); f != nil {
		start = f.Start
	}
	for i := range rows {
		w.step(l, &rows[i], start)
	}
}

// step prints one packet with its notes below.
func (w *writer) step(l *packets.Ladder, r *packets.Row, start int64) {
	if r.Gap != nil {
		w.line("            " + r.Gap.Text())
		return
	}
	mark := " "
	switch {
	case l.Cited[r.Num]:
		mark = ">"
	case r.Num == l.Asked:
		mark = "="
	}
	arrow := [...]string{"-->", "<--"}[r.Dir]
	head := fmt.Sprintf("%s %8s %11s %s ", mark, w.ref(r.Num), seconds(r.Time-start), arrow)
	ipid := "-"
	if r.IPID.Ok {
		ipid = fmt.Sprint(r.IPID.V)
	}
	place := fmt.Sprintf("%6d %4d %4s %5s", r.Length, r.TTL, packets.Hops(r.TTL), ipid)
	if r.TCP {
		tsval := "-"
		if r.TSval.Ok {
			tsval = fmt.Sprint(r.TSval.V)
		}
		ack := "-"
		if strings.Contains(packets.FlagsText(r.Flags), "ACK") {
			ack = fmt.Sprint(r.Ack)
		}
		w.line(head + fmt.Sprintf("%-11s %10d %10s %s %6d %9s", packets.FlagsText(r.Flags), r.Seq, ack, place, r.Window, tsval))
	} else {
		w.para(head+place+"  ", 50, r.What)
	}
	for _, n := range w.notes(l, r) {
		w.para("             ", 15, n)
	}
}

// seconds writes a time of a ladder in eleven places.
func seconds(ns int64) string {
	s := fmt.Sprintf("%.6f", float64(ns)/1e9)
	if len(s) > 11 {
		s = s[:11]
	}
	return s
}

// notes lists what there is to say of a packet: what is remarkable about it, what
// it is to its flow, and what the findings name it for.
func (w *writer) notes(l *packets.Ladder, r *packets.Row) []string {
	var out []string
	if s := strings.Join(r.Notes, "; "); s != "" {
		out = append(out, s)
	}
	if x := w.seen(l.ID); x != nil && r.Num == x.Hello.First.Num && x.Hello.First.Num != 0 && r.TCP {
		s := "the first payload (" + x.Hello.Kind + ")"
		if n := x.Name(); n != "" {
			s += " for " + n
		}
		out = append(out, s)
	}
	for _, f := range w.s.findings {
		if s := named(f, r); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// named says what a finding names a packet for, "" if it does not.
func named(f *finding.Finding, r *packets.Row) string {
	var codes []string
	for _, e := range f.For {
		codes = citing(codes, &e, r.Num, "")
	}
	for _, e := range f.Against {
		codes = citing(codes, &e, r.Num, "against: ")
	}
	if len(codes) == 0 && !cites(f, r.Num) {
		return ""
	}
	s := f.ID
	if len(codes) > 0 {
		s += " " + strings.Join(codes, " ")
	}
	if offends(f, r) {
		s += fmt.Sprintf(": claims to come from the %s", endName(r.Dir))
		if e := [...]*finding.Endpoint{f.Client, f.Server}[r.Dir]; e != nil {
			s += " " + e.IP.String()
		}
	}
	return s
}

func citing(codes []string, e *finding.Evidence, num uint64, side string) []string {
	for _, n := range e.Packets {
		if n == num {
			return append(codes, side+e.Code)
		}
	}
	return codes
}

// offends: the packet is one of those whose sender is in doubt.
func offends(f *finding.Finding, r *packets.Row) bool {
	to := f.Direction == finding.ToClient && r.Dir == fact.Down || f.Direction == finding.ToServer && r.Dir == fact.Up
	switch f.Kind {
	case finding.ResetInjected, finding.ResetSeen:
		const abortive = 1<<2 | 1<<0 // RST, FIN
		return to && r.Flags&abortive != 0
	case finding.PayloadInjected, finding.DNSForged, finding.DNSDenied:
		return to && r.Length > 0
	}
	return false
}
