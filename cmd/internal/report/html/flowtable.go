package html

import (
	"fmt"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/explain"
	"chokepoint/cmd/internal/report/packets"
	"chokepoint/cmd/internal/report/table"
)

// flowsView is the table of flows.
type flowsView struct {
	Rows []flowView
	Sum  int // of the capture
	More int // not in the table
}

// flowView is a flow, with the figures that columns are sorted by.
type flowView struct {
	ID       string
	Num      uint64
	Proto    string
	Service  string
	Name     string
	Server   string
	Client   string
	Start    string
	StartNs  int64 // since the capture began
	Lasted   string
	LastedNs int64
	State    string
	Outcome  string
	Failed   bool
	Up, Down uint64
	UpText   string
	DownText string
	Again    uint32
	Trip     string
	TripUs   int
	Limit    string
	Findings []linkView
}

// linkView leads to a finding, nowhere where Ref is "": what was let go is not on the page.
type linkView struct{ Ref, ID string }

// flowTable tells n flows; shown are the places of the findings that the page has.
func (c *Capture) flowTable(n int, shown map[string]string) *flowsView {
	rows := c.flows.shown(n)
	v := &flowsView{Sum: c.flows.sum, More: c.flows.sum - len(rows)}
	var first int64
	if !c.stats.First.IsZero() {
		first = c.stats.First.UnixNano()
	}
	for _, r := range rows {
		v.Rows = append(v.Rows, c.flowRow(r, first, shown))
	}
	return v
}

func (c *Capture) flowRow(r *flowRow, first int64, shown map[string]string) flowView {
	v := flowView{
		ID: r.id.String(), Num: uint64(r.id), Proto: r.proto, Service: esc(c.serviceID(r.service), shortText), Name: c.name(r.name, r.nameSize),
		Server: fmt.Sprintf("%s:%d", c.addr(r.key.DstAddr()), r.key.DstPort),
		Client: fmt.Sprintf("%s:%d", c.addr(r.key.SrcAddr()), c.clientPort(r.key.SrcPort)),
		Start:  clock(c.at(r.start)), StartNs: r.start - first, Lasted: packets.Span(r.last - r.start), LastedNs: r.last - r.start,
		State: esc(r.state, 40), Outcome: esc(r.outcome, 80), Failed: failed(r.outcome),
		Up: r.bytes[fact.Up], Down: r.bytes[fact.Down], UpText: table.Number(r.bytes[fact.Up]), DownText: table.Number(r.bytes[fact.Down]), Again: r.again, Limit: esc(explain.Spell(r.limit), 40),
	}
	if !v.Failed && c.harmed(r.findings) { // it was answered, and then cut, or answered by another
		v.Outcome, v.Failed = "failed: see findings", true
	}
	if v.Service != "" && r.function != "" && r.function != answer.FunctionAny {
		v.Service += " " + esc(answer.FunctionName(r.function), 40)
	}
	if r.trip.Ok {
		v.TripUs = r.trip.V
		v.Trip = packets.Span(int64(time.Duration(r.trip.V) * time.Microsecond))
	}
	for _, f := range r.findings[:min(len(r.findings), 8)] {
		v.Findings = append(v.Findings, linkView{shown[f], esc(f, 12)})
	}
	return v
}
