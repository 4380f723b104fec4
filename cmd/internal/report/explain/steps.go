package explain

import (
	"fmt"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ladders prints the packets of the target's flows.
func (w *writer) ladders() {
	for _, l := range w.s.ladders {
		l.end()
		w.heading("Packets of " + l.id.String())
		if len(l.rows) == 0 {
			w.line("  none of its packets was met again")
			continue
		}
		w.steps(l)
	}
	if n := len(w.s.flowIDs()) - len(w.s.ladders); n > 0 && w.s.Sort != Service {
		w.line(fmt.Sprintf("  %d more flows are concerned: ask for them one by one", n))
	}
}

// steps prints one ladder.
func (w *writer) steps(l *ladder) {
	tcp := false
	for i := range l.rows {
		tcp = tcp || l.rows[i].tcp
	}
	counted := ""
	if tcp {
		counted = "; seq, ack and tsval as counted from each side's first"
	}
	w.para("  ", 2, fmt.Sprintf("--> from the client %s port %d, <-- from the server %s port %d; "+
		"time in s since the first packet%s; > named by a finding",
		l.key.SrcAddr(), l.key.SrcPort, l.key.DstAddr(), l.key.DstPort, counted))
	if tcp {
		w.line(fmt.Sprintf("  %8s %11s     %-11s %10s %10s %6s %4s %4s %5s %6s %9s", "packet", "time", "flags", "seq", "ack", "length", "ttl", "hops", "ipid", "window", "tsval"))
	} else {
		w.line(fmt.Sprintf("  %8s %11s     %6s %4s %4s %5s", "packet", "time", "length", "ttl", "hops", "ipid"))
	}
	start := l.start()
	if f := w.s.flow(l.id); f != nil {
		start = f.Start
	}
	for i := range l.rows {
		w.step(l, &l.rows[i], start)
	}
}

// start is when the first packet shown was seen, ns.
func (l *ladder) start() int64 {
	for i := range l.rows {
		if l.rows[i].gap == nil {
			return l.rows[i].time
		}
	}
	return 0
}

// step prints one packet with its notes below.
func (w *writer) step(l *ladder, r *row, start int64) {
	if r.gap != nil {
		w.line("            " + r.gap.text())
		return
	}
	mark := " "
	switch {
	case l.cited[r.num]:
		mark = ">"
	case r.num == l.asked:
		mark = "="
	}
	arrow := [...]string{"-->", "<--"}[r.dir]
	head := fmt.Sprintf("%s %8s %11s %s ", mark, w.ref(r.num), seconds(r.time-start), arrow)
	ipid := "-"
	if r.ipid.Ok {
		ipid = fmt.Sprint(r.ipid.V)
	}
	place := fmt.Sprintf("%6d %4d %4s %5s", r.length, r.ttl, hops(r.ttl), ipid)
	if r.tcp {
		tsval := "-"
		if r.tsval.Ok {
			tsval = fmt.Sprint(r.tsval.V)
		}
		ack := "-"
		if strings.Contains(flagsText(r.flags), "ACK") {
			ack = fmt.Sprint(r.ack)
		}
		w.line(head + fmt.Sprintf("%-11s %10d %10s %s %6d %9s", flagsText(r.flags), r.seq, ack, place, r.window, tsval))
	} else {
		w.para(head+place+"  ", 50, r.what)
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
func (w *writer) notes(l *ladder, r *row) []string {
	var out []string
	if s := strings.Join(r.notes, "; "); s != "" {
		out = append(out, s)
	}
	if x := w.seen(l.id); x != nil && r.num == x.Hello.First.Num && x.Hello.First.Num != 0 && r.tcp {
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
func named(f *finding.Finding, r *row) string {
	var codes []string
	for _, e := range f.For {
		codes = citing(codes, &e, r.num, "")
	}
	for _, e := range f.Against {
		codes = citing(codes, &e, r.num, "against: ")
	}
	if len(codes) == 0 && !cites(f, r.num) {
		return ""
	}
	s := f.ID
	if len(codes) > 0 {
		s += " " + strings.Join(codes, " ")
	}
	if offends(f, r) {
		s += fmt.Sprintf(": claims to come from the %s", endName(r.dir))
		if e := [...]*finding.Endpoint{f.Client, f.Server}[r.dir]; e != nil {
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
func offends(f *finding.Finding, r *row) bool {
	to := f.Direction == finding.ToClient && r.dir == fact.Down || f.Direction == finding.ToServer && r.dir == fact.Up
	switch f.Kind {
	case finding.ResetInjected, finding.ResetSeen:
		const abortive = 1<<2 | 1<<0 // RST, FIN
		return to && r.flags&abortive != 0
	case finding.PayloadInjected, finding.DNSForged, finding.DNSDenied:
		return to && r.length > 0
	}
	return false
}
