package table

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report"
)

// header tells what was captured, how well, and from where.
func (t *telling) header(s *screen) {
	cells := t.facts()
	used := 0
	for _, c := range cells {
		used += 2 + len(c)
	}
	// A long name gives way to the facts on its line: its folders go but the
	// last, which tells captures apart that are called alike.
	name := report.Text(t.name())
	if width(name) > columns-used && len(t.meta.Files) == 1 {
		name = report.Text(path.Join(path.Base(path.Dir(t.name())), path.Base(t.name())))
	}
	name = cutLeft(name, max(columns/2, columns-used))
	s.items = append(s.items, item{lines: flow(name+"  ", 0, "  ", cells)})
	s.text(must, "", 0, t.vantage())
	for _, h := range t.health() {
		s.text(nice, "Note    ", 8, h)
	}
	t.secret(s)
	t.counted(s)
}

// facts are when it was taken, how much it holds and what it lost.
func (t *telling) facts() []string {
	st := t.stats
	cells, lost := []string{}, "capture lost "
	if b := t.meta.Backend; b != "" {
		cells, lost = append(cells, "live ("+b+")"), "lost "
	}
	if !st.First.IsZero() {
		cells = append(cells, fmt.Sprintf("%s +%s", st.First.UTC().Format("2006-01-02 15:04:05Z"), lasted(st.Last.Sub(st.First))))
	}
	packets := st.Source.Packets
	if packets == 0 {
		packets = st.Packets
	}
	cells = append(cells, count(int(packets), "packet", "packets"), lost+number(st.Source.Dropped+st.Source.Lost))
	if st.Blind&fact.BlindTruncated != 0 {
		cells = append(cells, "cut short")
	}
	return cells
}

// health is what limits the answer: known from the start, and as the packets show.
func (t *telling) health() []string {
	var out []string
	for _, h := range slices.Concat(t.meta.Health, t.stats.Health()) {
		out = append(out, h.Text)
	}
	return out
}

// name of what was read.
func (t *telling) name() string {
	switch n := len(t.meta.Files); {
	case n == 0:
		return "capture"
	case t.meta.Backend != "":
		return Interfaces(&t.meta)
	case n == 1:
		return t.meta.Files[0].Name
	}
	return fmt.Sprintf("%d files from %s", len(t.meta.Files), t.meta.Files[0].Name)
}

// vantage says where it was taken, by whom it was used and what else worked.
func (t *telling) vantage() string {
	st := t.stats
	var text string
	switch st.Vantage {
	case "host":
		text = "Taken on the client itself"
		if t.client.IsValid() && !t.clients {
			text += ", " + t.client.String()
		}
	case "gateway":
		text = "Taken on a gateway"
	case "span":
		text = "Taken in the middle"
	case "server":
		text = "Taken at the server"
	default:
		text = "Where it was taken is not shown"
	}
	if st.Blind&fact.BlindOneWay != 0 {
		text += ", one direction only"
	}
	if st.Twins > 0 {
		text += ", before and behind its NAT"
	}
	text += "."
	if st.Clients > 1 {
		text += " " + number(uint64(st.Clients)) + " clients."
	}
	if n := t.controls(); n > 0 {
		return text + " Controls: " + count(n, "party that worked.", "parties that worked.")
	}
	return text + " No control: nothing worked meanwhile."
}

func (t *telling) controls() int { return max(t.stats.Controls, t.stats.Others.Controls) }

// counted names what did not make it into the answer. Nothing is dropped in
// silence.
func (t *telling) counted(s *screen) {
	if parts := t.leftOut(); len(parts) > 0 {
		s.text(nice, "Left out ", 9, strings.Join(parts, ", "))
	}
}

func (t *telling) leftOut() []string {
	st := t.stats
	var parts []string
	add := func(n uint64, what string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+what)
		}
	}
	add(st.Evicted, "flows forgotten for lack of memory")
	add(st.Decode.Malformed(), "malformed")
	add(st.Source.Unseen, "counted, not looked at")
	add(st.Source.Skipped, "of an unknown link type")
	add(st.Filtered, "not matched by the expression")
	add(st.Defrag.TimedOut+st.Defrag.Evicted, "fragments never joined")
	return parts
}

// clock writes a time of day, with the date when the capture spans several.
func (t *telling) clock(at time.Time) string {
	if t.stats.Last.Sub(t.stats.First) > 24*time.Hour {
		return at.UTC().Format("01-02 15:04:05")
	}
	return at.UTC().Format("15:04:05")
}
