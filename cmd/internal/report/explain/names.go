package explain

import (
	"fmt"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/packets"
)

// maxAnswers is how many answers fit beside each other.
const maxAnswers = 2

// exchange sets the answers to one question beside each other.
func (w *writer) exchange(d *fact.DNS) {
	w.heading("Question and answers")
	asked := "not captured"
	if d.Query.Num != 0 {
		asked = fmt.Sprintf("packet %d at %s, sent %s", d.Query.Num, stamp(d.Query.Time), packets.Count(max(d.Copies, 1), "time"))
	}
	how := "UDP"
	if d.TCP {
		how = "TCP"
	}
	w.field("question", fmt.Sprintf("%s %s, id %04x, to %s over %s", packets.TypeName(d.QType), d.QName, d.ID, d.Resolver, how))
	w.field("asked", asked)
	if len(d.Answers) == 0 {
		w.field("answers", "none")
		return
	}
	for at := 0; at < len(d.Answers); at += maxAnswers {
		w.beside(d, d.Answers[at:min(at+maxAnswers, len(d.Answers))], at)
	}
	if d.More > 0 {
		w.line(fmt.Sprintf("  and %d more answers", d.More))
	}
}

// beside prints up to maxAnswers in columns.
func (w *writer) beside(d *fact.DNS, list []fact.DNSAnswer, at int) {
	rows := []struct {
		name string
		of   func(a *fact.DNSAnswer) string
	}{
		{"packet", func(a *fact.DNSAnswer) string { return w.ref(a.Num) }},
		{"after", func(a *fact.DNSAnswer) string {
			if !a.RTT.Ok {
				return "-"
			}
			return packets.Span(int64(a.RTT.V))
		}},
		{"says", func(a *fact.DNSAnswer) string { return said(a) }},
		{"header", func(a *fact.DNSAnswer) string { return headerText(a) }},
		{"record ttl", func(a *fact.DNSAnswer) string { return fmt.Sprintf("%d s", a.MinTTL) }},
		{"ip ttl", func(a *fact.DNSAnswer) string { return fmt.Sprintf("%d, %s hops", a.IPTTL, packets.Hops(a.IPTTL)) }},
		{"ip id", func(a *fact.DNSAnswer) string { return ipidText(a) }},
	}
	names := []string{"", ""}
	for i := range list {
		names[i] = fmt.Sprintf("answer %d", at+i+1)
		if list[i].Identical {
			names[i] += ", a copy"
		}
	}
	w.columns("", names)
	for _, r := range rows {
		cells := []string{"", ""}
		for i := range list {
			cells[i] = r.of(&list[i])
		}
		w.columns(r.name, cells)
	}
}

// columnWidth is how wide one of two columns is.
const columnWidth = 42

// columns writes a row of two cells, which may take several lines.
func (w *writer) columns(name string, cells []string) {
	left, right := wrapped(cells[0]), wrapped(cells[1])
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		w.line(fmt.Sprintf("  %-10s ", name) + fill(l, columnWidth) + " " + r)
		name = ""
	}
}

func said(a *fact.DNSAnswer) string {
	out := packets.RcodeName(uint16(a.Rcode))
	for _, x := range a.Addrs {
		out += " " + x.String()
	}
	for _, t := range a.Targets {
		out += " " + t
	}
	if a.Clipped {
		out += ", cut by the capture"
	}
	return out
}

func headerText(a *fact.DNSAnswer) string {
	var out []string
	add := func(yes bool, s string) {
		if yes {
			out = append(out, s)
		}
	}
	add(a.AA, "authoritative")
	add(a.RA, "recursion offered")
	add(a.TC, "truncated")
	add(a.EDNS, "EDNS")
	add(a.HasSOA, "SOA of "+a.SOAOwner)
	if len(out) == 0 {
		return "bare"
	}
	return strings.Join(out, ", ")
}

func ipidText(a *fact.DNSAnswer) string {
	if !a.IPID.Ok {
		return "-"
	}
	s := fmt.Sprint(a.IPID.V)
	if a.DF {
		s += ", not to be fragmented"
	}
	return s
}
