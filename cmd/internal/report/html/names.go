package html

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/explain"
	"chokepoint/cmd/internal/report/packets"
)

// maxExchanges is how many questions of a finding are shown.
const maxExchanges = 4

// namesView is a question for a name with its answers side by side.
type namesView struct {
	Question string
	Asked    string
	Heads    []answerHead
	Rows     []answerRow
	More     int
}

type answerHead struct {
	Name, Ref string
	Named     bool // the finding names its packet
}

type answerRow struct {
	Name  string
	Cells []string
}

// names sets the answers to the questions that a finding is about beside each other.
func (c *Capture) names(f *finding.Finding) []*namesView {
	var out []*namesView
	for _, id := range f.Flows {
		for i := range c.dns[id] {
			d := &c.dns[id][i]
			about := d.Query.Num != 0 && slices.Contains(f.Packets, d.Query.Num) ||
				slices.ContainsFunc(d.Answers, func(a fact.DNSAnswer) bool { return slices.Contains(f.Packets, a.Num) })
			if about && len(out) < maxExchanges {
				out = append(out, c.exchange(f, d))
			}
		}
	}
	return out
}

func (c *Capture) exchange(f *finding.Finding, d *fact.DNS) *namesView {
	how := "UDP"
	if d.TCP {
		how = "TCP"
	}
	v := &namesView{
		Question: fmt.Sprintf("%s %s to %s over %s", packets.TypeName(d.QType), c.name(d.QName, 0), c.addr(d.Resolver), how),
		Asked:    "the question was not captured", More: d.More,
	}
	if d.Query.Num != 0 {
		v.Asked = fmt.Sprintf("packet %s at %s, sent %s", c.ref(d.Query.Num), clock(c.at(d.Query.Time)), packets.Count(max(d.Copies, 1), "time"))
	}
	rows := []struct {
		name string
		of   func(a *fact.DNSAnswer) string
	}{
		{"After", func(a *fact.DNSAnswer) string {
			if !a.RTT.Ok {
				return "-"
			}
			return packets.Span(int64(a.RTT.V))
		}},
		{"Says", func(a *fact.DNSAnswer) string { return explain.Said(c.hidden(a)) }},
		{"Header", func(a *fact.DNSAnswer) string { return explain.HeaderText(c.hidden(a)) }},
		{"Record TTL", func(a *fact.DNSAnswer) string { return fmt.Sprintf("%d s", a.MinTTL) }},
		{"IP TTL", func(a *fact.DNSAnswer) string { return fmt.Sprintf("%d, %s hops", a.IPTTL, packets.Hops(a.IPTTL)) }},
		{"IP id", explain.IPIDText},
	}
	for _, r := range rows {
		row := answerRow{Name: r.name}
		for i := range d.Answers {
			row.Cells = append(row.Cells, esc(r.of(&d.Answers[i]), longText))
		}
		v.Rows = append(v.Rows, row)
	}
	for i := range d.Answers {
		a := &d.Answers[i]
		name := fmt.Sprintf("Answer %d", i+1)
		if a.Identical {
			name += ", a copy"
		}
		v.Heads = append(v.Heads, answerHead{name, c.ref(a.Num), slices.Contains(f.Packets, a.Num)})
	}
	return v
}

// hidden is an answer as it is shown: with addresses and names replaced, where that is
// asked for.
func (c *Capture) hidden(a *fact.DNSAnswer) *fact.DNSAnswer {
	red := c.redact
	if red == nil {
		return a
	}
	out := *a
	out.Addrs, out.Targets = nil, nil
	for _, x := range a.Addrs {
		out.Addrs = append(out.Addrs, red.Addr(x))
	}
	for _, t := range a.Targets {
		out.Targets = append(out.Targets, red.Name(t))
	}
	if a.SOAOwner != "" {
		out.SOAOwner = red.Name(a.SOAOwner)
	}
	return &out
}
