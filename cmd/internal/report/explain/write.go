package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// Options says how a page is written.
type Options struct {
	WhyNot bool // of what did not become a finding
	// Locate says which file a packet of a joined capture is from, and its number
	// there; nil: one file.
	Locate func(num uint64) (file string, n uint64)
}

// writer writes the page of a target.
type writer struct {
	page
	s   *Second
	opt Options
}

// Write prints what two runs found of a target.
func Write(out io.Writer, s *Second, opt Options) error {
	w := &writer{page: page{w: out, locate: opt.Locate}, s: s, opt: opt}
	switch s.Sort {
	case Finding:
		w.findings()
	case Flow, Packet:
		w.subject()
	case Service:
		w.service()
	}
	w.legend()
	return w.err
}

// findings is the page of a finding.
func (w *writer) findings() {
	f := w.s.findings[0]
	w.finding(f)
	w.ladders()
	w.names()
	w.proofs(f)
	w.lookAlikes(f)
	w.kernel()
	w.unseen(f)
	w.detectors()
	w.controlled(f)
}

// subject is the page of a flow or a packet.
func (w *writer) subject() {
	if w.s.Sort == Packet {
		w.packet()
	}
	for _, id := range w.s.flowIDs() {
		w.flowHead(id)
	}
	if len(w.s.findings) == 0 && len(w.s.flows) > 0 {
		w.heading("No finding is about it.")
	}
	if !w.opt.WhyNot {
		for _, f := range w.s.findings {
			w.line("")
			w.finding(f)
			w.proofs(f)
			w.lookAlikes(f)
			w.unseen(f)
		}
	} else {
		w.told()
	}
	w.ladders()
	w.names()
	w.kernel()
	w.detectors()
}

// packet says what a packet is, before its flow.
func (w *writer) packet() {
	num := w.s.Num
	if len(w.s.flows) == 0 {
		w.para("", 0, fmt.Sprintf("Packet %s belongs to no flow: %s.", w.ref(num), w.s.stranger()))
		return
	}
	p := w.s.spot.Spot()
	dir := "from the client"
	x := w.s.flows[0]
	if p != nil && packets.KeyOf(p) != x.Key {
		dir = "from the server"
	}
	if p != nil && p.Has&capture.HasQuoted != 0 {
		dir = "an ICMP error about it"
	}
	w.para("", 0, fmt.Sprintf("Packet %s is one of flow %s, %s.", w.ref(num), x.ID, dir))
	by := false
	for _, f := range w.s.findings {
		if cites(f, num) {
			by = true
			w.para("  ", 4, fmt.Sprintf("%s names it: %s", f.ID, f.Summary))
		}
	}
	if !by {
		w.line("  No finding names it.")
	}
}

// told lists the findings in a line each.
func (w *writer) told() {
	if len(w.s.findings) == 0 {
		return
	}
	w.heading("What became a finding")
	for _, f := range w.s.findings {
		w.para("  "+pad(f.ID, 4)+" ", 7, fmt.Sprintf("%s %s: %s", f.Verdict, f.Kind, f.Summary))
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len(s))) }

// seen is a flow as the runs saw it, nil if they did not.
func (w *writer) seen(id fact.FlowID) *flowSeen {
	if x := w.s.seen[id]; x != nil {
		return x
	}
	for _, x := range w.s.flows {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// flowHead says what a flow is.
func (w *writer) flowHead(id fact.FlowID) {
	x := w.seen(id)
	if x == nil {
		w.heading("Flow " + id.String())
		w.line("  it was not told of: it began as another's, or was forgotten")
		return
	}
	w.heading("Flow " + id.String())
	w.field("what", flowText(x))
	w.field("ends", fmt.Sprintf("%s, from %s, for %s", endText(x), stamp(x.Start), packets.Span(x.Last-x.Start)))
	up, down := &x.Sides[fact.Up], &x.Sides[fact.Down]
	w.field("packets", fmt.Sprintf("up %d with %d bytes, %d sent again; down %d with %d bytes, %d sent again",
		up.Packets, up.Payload, up.Retrans, down.Packets, down.Payload, down.Retrans))
	w.field("round trip", roundTrips(x))
	w.field("senders", sendersText(x))
	if s := fact.Stage(&x.Flow); s != fact.StageNone {
		w.field("stage", strings.TrimSuffix(s+": "+fact.Signature(&x.Flow), ": "))
	}
	w.field("outcome", w.outcome(x))
	w.field("not seen", blindText((x.Blind).Names()))
}

// outcome says what became of a flow. That data passed is one thing, what a
// finding says of how it ended another.
func (w *writer) outcome(x *flowSeen) string {
	if x.outcome != "worked" {
		return x.outcome
	}
	for _, f := range w.s.findings {
		if f.Verdict.Rank() >= finding.Suspected.Rank() && slices.Contains(f.Flows, x.ID.String()) {
			return "data passed both ways, but see " + f.ID
		}
	}
	return x.outcome
}

func flowText(x *flowSeen) string {
	s := fmt.Sprintf("%s %s port %d to %s port %d", x.Proto(), x.Key.SrcAddr(), x.Key.SrcPort, x.Key.DstAddr(), x.Key.DstPort)
	if n := x.Name(); n != "" {
		s += ", " + n
	}
	if x.Label.Service != "" {
		s += ", of " + x.Label.Service
		if x.Label.Function != "" && x.Label.Function != answer.FunctionAny {
			s += " " + x.Label.Function
		}
	}
	if x.App != "" {
		s += ", speaks " + x.App
	}
	return s
}

// endText says how a flow ended.
func endText(x *flowSeen) string {
	s := spell(x.End.String())
	if x.State != "" {
		s = x.State + ", " + s
	}
	return s
}

func roundTrips(x *flowSeen) string {
	var out []string
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		if r := x.RTTMin(d); r.Ok {
			out = append(out, fmt.Sprintf("%s to the %s (%s)", packets.Span(int64(r.V)), endName(d.Other()), packets.Count(int(x.Sides[d].RTT.Samples), "later sample")))
		}
	}
	if len(out) == 0 {
		return "none was measured"
	}
	return "from the tap at least " + strings.Join(out, ", ")
}

// sendersText says what each end's packets look like: what an impostor has to
// imitate.
func sendersText(x *flowSeen) string {
	var out []string
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		s := &x.Sides[d]
		if !s.TTL.Ok {
			continue
		}
		t := fmt.Sprintf("the %s's ttl %d (%s hops)", endName(d), s.TTL.V, packets.Hops(s.TTL.V))
		if s.TTLMin != s.TTLMax {
			t += fmt.Sprintf(" of %d to %d", s.TTLMin, s.TTLMax)
		}
		if c := ipidClasses[s.IPID]; c != "" {
			t += ", ip ids " + c
		}
		out = append(out, t)
	}
	return strings.Join(out, "; ")
}

var ipidClasses = map[fact.IPIDClass]string{
	fact.IPIDZero: "all 0", fact.IPIDConst: "always the same", fact.IPIDCounter: "counting up", fact.IPIDRandom: "at random",
}

// names sets the answers to the questions beside each other.
func (w *writer) names() {
	for _, id := range w.s.flowIDs() {
		x := w.seen(id)
		if x == nil {
			continue
		}
		for i := range x.DNS {
			if d := &x.DNS[i]; w.concernsName(d) {
				w.exchange(d)
			}
		}
	}
}

// concernsName: the exchange is one that a finding names, or all there are, where
// none is about a name.
func (w *writer) concernsName(d *fact.DNS) bool {
	if w.s.Sort != Finding {
		return true
	}
	cited := w.s.findings[0].Packets
	return slices.Contains(cited, d.Query.Num) && d.Query.Num != 0 ||
		slices.ContainsFunc(d.Answers, func(a fact.DNSAnswer) bool { return slices.Contains(cited, a.Num) })
}

// controlled tells what a finding was compared with.
func (w *writer) controlled(f *finding.Finding) {
	if len(f.Controls) == 0 {
		return
	}
	w.heading("Compared with what went on meanwhile")
	for _, id := range f.Controls[:min(len(f.Controls), maxControls)] {
		x := w.s.controls[id]
		if x == nil {
			w.line("  " + id)
			continue
		}
		w.para("  "+id+"  ", 4, fmt.Sprintf("%s; %d bytes down, %s to %s", flowText(x), x.Sides[fact.Down].Payload, stamp(x.Start), stamp(x.Last)))
	}
	if n := len(f.Controls) - maxControls; n > 0 {
		w.line(fmt.Sprintf("  and %d more", n))
	}
}
