package html

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/explain"
	"chokepoint/cmd/internal/report/packets"
)

// Measures of a row's drawing, in pixels: the lanes of client and server, and the middle
// where no hops tell better.
const (
	arrowWidth = 340
	laneLeft   = 10
	laneRight  = arrowWidth - 10
	lineY      = 20
	// maxLadderRows is how many rows a finding's ladder has, beside the packets that it
	// names.
	maxLadderRows = 48
)

type rowOf = packets.Row

// ladderView is the packets of one flow around those that a finding names.
type ladderView struct {
	Title    string
	Client   string
	Server   string
	Between  string // who stands between, "" nobody
	BetweenX int
	TCP      bool
	Rows     []rowView
	Label    string
}

// rowView is one packet, or a gap.
type rowView struct {
	Num     uint64
	Ref     string
	Anchor  string
	Marked  bool // one of the finding's packets
	Named   bool // evidence names it
	Time    string
	Delta   string
	Numbers string
	TTL     string
	Notes   []string
	Arrow   arrowView
	Gap     string // not a packet, but several
}

// arrowView is how a packet went.
type arrowView struct {
	X1, X2   int
	Head     string // path of the arrow's head
	Ghost    bool   // drawn from where it claims to come from to where it came from
	GX1, GX2 int
	Cross    string // path of a cross, where it did not arrive; "" it did
	Class    string
	Label    string
	Aria     string
}

// ladder lays out what is worth seeing of a flow for one finding.
func (c *Capture) ladder(ref string, f *finding.Finding, id fact.FlowID, l *shownLadder) *ladderView {
	key := l.ladder.Key
	v := &ladderView{
		Title: "Packets of " + id.String(), Label: fmt.Sprintf("Packets of flow %s", id),
		Client: fmt.Sprintf("%s port %d", c.addr(key.SrcAddr()), c.clientPort(key.SrcPort)),
		Server: fmt.Sprintf("%s port %d", c.addr(key.DstAddr()), key.DstPort),
	}
	rows := l.all()
	marked, named := map[uint64]bool{}, map[uint64]bool{}
	for _, n := range f.Packets {
		marked[n] = true
	}
	for _, e := range slices.Concat(f.For, f.Against) {
		for _, n := range e.Packets {
			named[n] = true
		}
	}
	mid := between(f)
	lost := repeats(f, rows)
	start := packets.StartOf(rows)
	if r := c.flows.at[id]; r != nil {
		start = r.start
	}
	keep := around(rows, func(n uint64) bool { return marked[n] || named[n] })
	var gap packets.Gap
	last := start
	for i := range rows {
		r := &rows[i]
		if r.Gap != nil || !keep[i] {
			skip(&gap, r)
			last = max(last, gap.To)
			continue
		}
		v.closeGap(&gap)
		row := c.row(ref, f, r, span{start, last}, mid, lost[twin{r.Dir, r.Flags, r.Seq, r.Length}])
		row.Marked, row.Named = marked[r.Num], named[r.Num]
		if row.Arrow.Ghost {
			v.Between, v.BetweenX = betweenName(f), mid
		}
		v.TCP = v.TCP || r.TCP
		last = r.Time
		v.Rows = append(v.Rows, row)
	}
	v.closeGap(&gap)
	return v
}

// skip counts a row that is not shown.
func skip(g *packets.Gap, r *packets.Row) {
	o := r.Gap
	if o == nil {
		o = &packets.Gap{From: r.Time, To: r.Time}
		o.Packets[r.Dir], o.Bytes[r.Dir] = 1, uint64(r.Length)
	}
	if g.Packets == [2]int{} {
		g.From = o.From
	}
	for d := range g.Packets {
		g.Packets[d] += o.Packets[d]
		g.Bytes[d] += o.Bytes[d]
	}
	g.Again += o.Again
	g.To = o.To
}

func (v *ladderView) closeGap(g *packets.Gap) {
	if g.Packets != [2]int{} {
		v.Rows = append(v.Rows, rowView{Gap: g.Text()})
	}
	*g = packets.Gap{}
}

// around says which rows to show: how the flow began, and what is around those named,
// the less the more there are.
func around(rows []packets.Row, named func(uint64) bool) []bool {
	for near := 3; ; near-- {
		keep, n := make([]bool, len(rows)), 0
		for i := range rows {
			if r := &rows[i]; i < 3 || r.Gap == nil && named(r.Num) {
				for j := max(i-near, 0); j <= min(i+near, len(rows)-1); j++ {
					if i >= 3 || j <= i {
						keep[j] = true
					}
				}
				keep[i] = true
			}
		}
		for _, k := range keep {
			if k {
				n++
			}
		}
		if n <= maxLadderRows || near == 0 {
			return keep
		}
	}
}

// span is when a flow began and when its last packet before one was seen, ns.
type span struct{ start, last int64 }

// row is one packet.
func (c *Capture) row(ref string, f *finding.Finding, r *packets.Row, since span, mid int, lost bool) rowView {
	v := rowView{
		Num: r.Num, Ref: c.ref(r.Num), Anchor: fmt.Sprintf("%s-p%d", ref, r.Num),
		Time: fmt.Sprintf("%.6f", float64(r.Time-since.start)/1e9), Delta: "+" + packets.Span(r.Time-since.last),
		TTL: fmt.Sprintf("%d, %s", r.TTL, packets.Hops(r.TTL)),
	}
	if r.TCP {
		v.Numbers = fmt.Sprintf("seq %d", r.Seq)
		if r.Flags&capture.ACK != 0 {
			v.Numbers += fmt.Sprintf(" ack %d", r.Ack)
		}
	}
	for _, n := range r.Notes {
		if hex, ok := strings.CutPrefix(n, "carries "); ok && c.redact != nil {
			n = fmt.Sprintf("carries %d bytes or more", len(hex)/2)
		}
		v.Notes = append(v.Notes, c.said(n))
	}
	if !r.TCP && r.What != "" {
		v.Notes = append(v.Notes, c.what(r))
	}
	if s := explain.Named(f, r); s != "" {
		v.Notes = append(v.Notes, c.said("named for "+strings.TrimPrefix(s, f.ID+" ")))
	}
	v.Arrow = arrow(f, r, mid, lost)
	return v
}

// what is what a datagram says. Where it is redacted, only of which kind it is: a name of
// one word looks like any word, and ids lead back to who made them.
func (c *Capture) what(r *packets.Row) string {
	s := r.What
	if c.redact == nil || r.ICMP {
		return c.said(s)
	}
	words := strings.Fields(s)
	if strings.HasPrefix(s, "DNS ") {
		return c.said(strings.Join(words[:min(len(words), 3)], " ")) // DNS question A
	}
	kind, _, _ := strings.Cut(s, ",")
	return c.said(kind)
}

// between is where in the drawing somebody stands who is neither end: by hops, where the
// capture was taken at the client and shows them.
func between(f *finding.Finding) int {
	share := 0.5
	if h := f.Hops; h != nil && h.Injector != nil && h.Server != nil && f.Vantage == "host" && h.Server[1] > 0 {
		share = float64(h.Injector[0]+h.Injector[1]) / float64(h.Server[0]+h.Server[1])
	}
	return laneLeft + int(min(max(share, 0.2), 0.8)*(laneRight-laneLeft))
}

func betweenName(f *finding.Finding) string {
	if h := f.Hops; h != nil && h.Injector != nil {
		if h.Injector[0] == h.Injector[1] {
			return fmt.Sprintf("neither end, %d hops from the tap", h.Injector[0])
		}
		return fmt.Sprintf("neither end, %d to %d hops from the tap", h.Injector[0], h.Injector[1])
	}
	return "neither end"
}

// forged: the finding holds that the packet was not made by who it claims to come from.
func forged(f *finding.Finding, r *packets.Row) bool {
	if f.Verdict.Rank() < finding.Suspected.Rank() || !slices.Contains(f.Packets, r.Num) || !explain.Offends(f, r) {
		return false
	}
	switch f.Kind {
	case finding.ResetInjected, finding.PayloadInjected:
		return true
	}
	return false
}

// swallowed: the finding holds that the packet did not arrive.
func swallowed(f *finding.Finding, r *packets.Row) bool {
	if f.Verdict.Rank() < finding.Suspected.Rank() || !slices.Contains(f.Packets, r.Num) || !strings.HasPrefix(string(f.Kind), "drop.") {
		return false
	}
	return f.Direction == finding.ToServer && r.Dir == fact.Up || f.Direction == finding.ToClient && r.Dir == fact.Down
}

// twin is what a packet and one that repeats it have in common.
type twin struct {
	dir    fact.Dir
	flags  uint16
	seq    int64
	length uint32
}

// repeats are packets like those that did not arrive: where the finding names some of
// the tries, the others did not either, else there would have been no more of them.
func repeats(f *finding.Finding, rows []packets.Row) map[twin]bool {
	out := map[twin]bool{}
	for i := range rows {
		if r := &rows[i]; r.Gap == nil && r.TCP && swallowed(f, r) {
			out[twin{r.Dir, r.Flags, r.Seq, r.Length}] = true
		}
	}
	return out
}

// arrow draws a packet between the lanes.
func arrow(f *finding.Finding, r *packets.Row, mid int, lost bool) arrowView {
	from, to, way := laneLeft, laneRight, "client to server"
	if r.Dir == fact.Down {
		from, to, way = laneRight, laneLeft, "server to client"
	}
	a := arrowView{X1: from, X2: to, Class: "up", Label: label(r), Aria: way}
	if r.Dir == fact.Down {
		a.Class = "down"
	}
	switch {
	case r.ICMP:
		a.X1, a.Class, a.Aria = mid, "icmp", "from the way, to the "+[...]string{"server", "client"}[r.Dir]
	case forged(f, r):
		a.Ghost, a.GX1, a.GX2, a.X1 = true, from, mid, mid
		a.Class, a.Aria = "forged", "claims "+way+", made by neither"
	case swallowed(f, r), lost:
		a.X2, a.Class, a.Aria = mid, "lost", way+", did not arrive as far as can be seen"
		a.Cross = fmt.Sprintf("M%d %dl8 8m0 -8l-8 8", mid-4, lineY-4)
	}
	if a.Cross == "" {
		d := -7
		if a.X2 < a.X1 {
			d = 7
		}
		a.Head = fmt.Sprintf("M%d %dl%d -5v10z", a.X2, lineY, d)
	}
	a.Aria += ": " + a.Label
	return a
}

// label is what stands on an arrow.
func label(r *packets.Row) string {
	switch {
	case r.ICMP:
		return "ICMP"
	case r.TCP && r.Length > 0:
		return fmt.Sprintf("%s %d B", packets.FlagsText(r.Flags), r.Length)
	case r.TCP:
		return packets.FlagsText(r.Flags)
	}
	word, _, _ := strings.Cut(r.What, " ")
	return fmt.Sprintf("%s %d B", esc(word, 12), r.Length)
}
