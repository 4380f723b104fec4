package html

import (
	"fmt"
	"slices"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/table"
)

// Bounds and measures of the timeline, in units of its drawing.
const (
	maxLanes   = 40
	maxMarks   = 400 // findings on it
	lineWidth  = 1000
	laneHeight = 44
	laneUp     = 22  // what worked, above the line
	laneDown   = 14  // what failed, below it
	lineBins   = 250 // spans of time across
)

// timelineView is when what happened: a lane per service.
type timelineView struct {
	Lanes []laneView
	Ticks []tickView
	Flows bool // are drawn; a live page has none
	Width int
	From  string
	To    string
	More  string // what has no room on it
}

type laneView struct {
	Name   string
	Status string
	Text   string // for who cannot see it
	Bars   []barView
	Marks  []markView
	Since  float64 // where its trouble begins; negative: nowhere
	Lasts  float64 // how far it goes on
	Height int
	Mid    int
}

// barView is flows that began in a span of time.
type barView struct {
	X, W, Up, Down, DownY, UpY, Other, OtherY float64
	Title                                     string
}

// markView is a finding's span.
type markView struct {
	X, W, Y         float64
	ID, Class, Text string
	Ref             string
}

type tickView struct {
	X     float64
	Label string
}

// lane is what belongs on one line before it is drawn.
type lane struct {
	service string // its id as it was found
	svc     *table.ToldService
	marks   []*finding.Finding
}

// timeline lays services and findings out over time; nil where no time passed.
func (c *Capture) timeline(prefix string, told *table.Told) *timelineView {
	from, to := c.stats.First, c.stats.Last
	if from.IsZero() || !to.After(from) {
		return nil
	}
	scale := lineWidth / float64(to.Sub(from))
	v := &timelineView{Flows: len(c.busy) > 0, Width: lineWidth, From: c.at(from.UnixNano()).Format("15:04:05"), To: c.at(to.UnixNano()).Format("15:04:05")}
	lanes, marks := c.lanes(told), 0
	hidden := max(len(lanes)-maxLanes, 0)
	for _, l := range lanes[:min(len(lanes), maxLanes)] {
		lv := laneView{Name: "no known service", Status: "other", Since: -1, Height: laneHeight, Mid: laneUp + 2}
		if l.svc != nil {
			lv.Name, lv.Status = esc(l.svc.Name, shortText), string(l.svc.Status)
			lv.Since = c.troubleSince(l.service, from, scale)
		} else if l.service != "" {
			lv.Name = esc(c.serviceID(l.service), shortText)
		}
		c.draw(&lv, c.busy[l.service], from, scale)
		for _, f := range l.marks {
			if marks++; marks <= maxMarks {
				lv.Marks = append(lv.Marks, c.mark(prefix, f, from, to, scale))
			}
		}
		lv.Lasts = lineWidth - lv.Since
		lv.Text = laneText(&lv, v.Flows)
		v.Lanes = append(v.Lanes, lv)
	}
	if hidden > 0 || marks > maxMarks {
		v.More = fmt.Sprintf("%d services and %d findings have no room here", hidden, max(marks-maxMarks, 0))
	}
	v.Ticks = c.ticks(from, to, scale)
	return v
}

// troubleSince is where a service's trouble begins, negative where it has none.
func (c *Capture) troubleSince(service string, from time.Time, scale float64) float64 {
	for _, s := range c.services {
		if s.Service == service && s.Since != nil && s.Status != answer.OK {
			return round1(min(max(float64(s.Since.Sub(from))*scale, 0), lineWidth))
		}
	}
	return -1
}

// lanes lists the services in the order of the cards, then what belongs to none.
func (c *Capture) lanes(told *table.Told) []lane {
	var out []lane
	raw := map[string]string{}
	for _, s := range c.services {
		raw[c.serviceID(s.Service)] = s.Service
	}
	for i := range told.Services {
		s := &told.Services[i]
		if s.Status != answer.Unseen {
			out = append(out, lane{service: raw[s.Service.Service], svc: s})
		}
	}
	for _, f := range c.ledger.Standing() {
		if f.Verdict.Rank() < finding.Suspected.Rank() {
			continue
		}
		i := slices.IndexFunc(out, func(l lane) bool { return l.service == f.Service })
		if i < 0 {
			i = len(out)
			out = append(out, lane{service: f.Service})
		}
		out[i].marks = append(out[i].marks, f)
	}
	if c.busy[""] != nil && !slices.ContainsFunc(out, func(l lane) bool { return l.service == "" }) {
		out = append(out, lane{})
	}
	return out
}

// draw puts the flows of a lane on it: what worked above, what failed below.
func (c *Capture) draw(v *laneView, b *busyBins, from time.Time, scale float64) {
	if b == nil || b.width == 0 {
		return
	}
	width := b.width
	for float64(width)*scale < float64(lineWidth)/lineBins {
		width *= 2
	}
	w := b.wide(width)
	most := 1
	for i := range w.list {
		most = max(most, w.list[i].worked+w.list[i].other, w.list[i].failed)
	}
	for i := range w.list {
		t := &w.list[i]
		if t.worked+t.failed+t.other == 0 {
			continue
		}
		x := float64(w.start(i)-from.UnixNano()) * scale
		high := func(n int, room float64) float64 {
			if n == 0 {
				return 0
			}
			return max(float64(n)/float64(most)*room, 2)
		}
		up, other, down := high(t.worked, laneUp), high(t.other, laneUp), high(t.failed, laneDown)
		title := fmt.Sprintf("%s: %d worked, %d failed", clock(c.at(w.start(i))), t.worked, t.failed)
		if t.other > 0 {
			title += fmt.Sprintf(", %d neither", t.other)
		}
		v.Bars = append(v.Bars, barView{X: round1(max(x, 0)), W: round1(max(float64(w.width)*scale-0.5, 2)),
			Up: round1(up), UpY: round1(float64(v.Mid) - up), Other: round1(other), OtherY: round1(float64(v.Mid) - up - other),
			Down: round1(down), DownY: float64(v.Mid) + 1, Title: title})
	}
}

func (c *Capture) mark(prefix string, f *finding.Finding, from, to time.Time, scale float64) markView {
	start, end := f.From, f.To
	if start.Before(from) {
		start = from
	}
	if end.After(to) || end.Before(start) {
		end = to
	}
	x := float64(start.Sub(from)) * scale
	return markView{
		X: round1(min(x, lineWidth-4)), W: round1(max(float64(end.Sub(start))*scale, 4)), Y: laneHeight - 6,
		ID: esc(f.ID, 12), Class: string(f.Verdict), Ref: prefix + esc(f.ID, 12),
		Text: fmt.Sprintf("%s %s %s at %s", f.ID, table.Sureness(f.Verdict), f.Kind, clock(c.at(start.UnixNano()))),
	}
}

func laneText(v *laneView, flows bool) string {
	text := fmt.Sprintf("%s, %s: ", v.Name, v.Status)
	if flows {
		text += fmt.Sprintf("flows began in %d of %d spans of time, ", len(v.Bars), lineBins)
	}
	return text + fmt.Sprintf("%d findings", len(v.Marks))
}

// steps of the axis.
var tickSteps = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
	15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// ticks are at round times, eight at most.
func (c *Capture) ticks(from, to time.Time, scale float64) []tickView {
	step := tickSteps[len(tickSteps)-1]
	for step*8 < to.Sub(from) {
		step *= 2
	}
	for _, s := range tickSteps {
		if s*8 >= to.Sub(from) {
			step = s
			break
		}
	}
	layout := "15:04:05"
	if step < time.Second {
		layout = "15:04:05.0"
	}
	shift := c.at(from.UnixNano())
	var out []tickView
	for at := shift.Truncate(step).Add(step); at.Sub(shift) < to.Sub(from); at = at.Add(step) {
		out = append(out, tickView{round1(float64(at.Sub(shift)) * scale), at.Format(layout)})
	}
	return out
}

func round1(v float64) float64 { return float64(int64(v*10+0.5)) / 10 }
