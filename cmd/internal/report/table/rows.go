package table

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
)

// maxFineRows is how many services that work get a line each beside trouble.
const maxFineRows = 6

// fineRows tells the services that work, one line each, or all in one when they
// are many.
func (t *telling) fineRows(s *screen) {
	w := t.nameWidth()
	if len(t.fine) > maxFineRows {
		names := make([]string, 0, len(t.fine))
		for _, svc := range t.fine {
			names = append(names, svc.Name)
		}
		s.text(dear, column("Fine", w)+pad("ok", statusWidth), w+statusWidth, strings.Join(names, ", "))
		s.colour("ok")
		return
	}
	for _, svc := range t.fine {
		t.fineRow(s, svc, w)
	}
}

func (t *telling) fineRow(s *screen, svc *answer.Service, w int) {
	word := statusWord(svc)
	head := column(svc.Name, w) + pad(word, statusWidth)
	cells := functions(svc)
	if svc.Works == answer.WorksPartly {
		cells = append(cells, fmt.Sprintf("%d of %d failed", svc.Attempts.Failed, svc.Attempts.Tried))
	}
	s.cells(dear, head, w+statusWidth, cells...)
	s.colour(word)
	if answer.PlacesDiffer(svc) {
		s.places(useful, svc)
	}
}

// unseenRows tells the expected services that nothing was seen of.
func (t *telling) unseenRows(s *screen) {
	w := t.nameWidth()
	for _, svc := range t.unseen {
		_, why, _ := strings.Cut(svc.Sentence, ": ")
		s.text(useful, column(svc.Name, w)+pad("unseen", statusWidth), w+statusWidth, why)
	}
}

// others sums up what belongs to no known service.
func (t *telling) others(s *screen) {
	o, w := t.stats.Others, t.nameWidth()
	if o.Worked+o.Failed == 0 {
		s.text(dear, column("Others", w), w, "none in the capture")
		return
	}
	head := column("Others", w) + pad(number(uint64(o.Worked))+" ok", statusWidth)
	var cells []string
	if o.Failed > 0 {
		cells = append(cells, number(uint64(o.Failed))+" fail")
	}
	if m := median(o); m != "" {
		cells = append(cells, m)
	}
	s.cells(dear, head, w+statusWidth, cells...)
}

func median(o answer.Others) string {
	var parts []string
	if o.MedianBps != nil {
		parts = append(parts, answer.Rate(*o.MedianBps))
	}
	if o.OpensMs != nil {
		parts = append(parts, milliseconds(*o.OpensMs))
	}
	if len(parts) == 0 {
		return ""
	}
	return "median " + strings.Join(parts, ", ")
}

// figures is the width of the table's columns beside the name's.
const figures = 6 + 8 + 2 + 10 + 12 + 10 + 8 + 8

// attempts is the table of a run in which nothing is wrong. A name is cut rather
// than a figure: half a figure is another one.
func (t *telling) attempts(s *screen) {
	w := min(t.nameWidth()+2, columns-figures)
	row := func(name, tried, worked, chat, media, calls, opens, loss string) string {
		return field("  "+name, w) + padLeft(tried, 6) + padLeft(worked, 8) + "  " + field(chat, 10) +
			field(media, 12) + field(calls, 10) + padLeft(opens, 8) + padLeft(loss, 8)
	}
	add := func(line string) {
		s.items = append(s.items, item{lines: []string{cut(strings.TrimRight(line, " "), columns)}, keep: dear})
	}
	add(row("", "tried", "worked", "chat", "media", "calls", "opens in", "loss"))
	for _, svc := range t.fine {
		a := svc.Attempts
		opens, loss := "", ""
		if svc.OpensMs != nil {
			opens = milliseconds(*svc.OpensMs)
		}
		if svc.Loss != nil {
			loss = percent(*svc.Loss)
		}
		add(row(svc.Name, number(uint64(a.Tried)), number(uint64(a.Tried-a.Failed-svc.Undecided)),
			cell(svc, "chat"), cell(svc, "media"), calls(svc), opens, loss))
		if answer.PlacesDiffer(svc) {
			s.places(useful, svc)
		}
	}
	for _, svc := range t.unseen {
		_, why, _ := strings.Cut(svc.Sentence, ": ")
		s.text(dear, field("  "+svc.Name, w)+padLeft("-", 6)+padLeft("-", 8)+"  unseen: ", w+16, why)
	}
	o := t.stats.Others
	if o.Worked+o.Failed > 0 {
		opens, rate := "", ""
		if o.OpensMs != nil {
			opens = milliseconds(*o.OpensMs)
		}
		if o.MedianBps != nil {
			rate = "median " + answer.Rate(*o.MedianBps)
		}
		name := count(o.Worked+o.Failed, "other", "others")
		add(pad("  "+name, w) + padLeft(number(uint64(o.Flows)), 6) + padLeft(number(uint64(o.FlowsWorked)), 8) +
			"  " + pad(rate, 32) + padLeft(opens, 8))
	}
}

// field is a text in a column of w, one blank included.
func field(text string, w int) string { return pad(cut(report.Text(text), w-1), w) }

// columned are the functions that have a column of their own beside the chat's.
var columned = []string{"media", "call", "call_signalling"}

// calls is the cell of calls: of their setup where no call was seen.
func calls(svc *answer.Service) string {
	if setup := svc.Functions["call_signalling"]; svc.Functions["call"] != string(answer.Unseen) || setup == "" || setup == string(answer.Unseen) {
		return cell(svc, "call")
	}
	return "setup " + doing(svc.Functions["call_signalling"])
}

// cell is a function in the table. What belongs to no function in particular
// stands in for a chat that was not seen apart.
func cell(svc *answer.Service, function string) string {
	st, known := svc.Functions[function]
	if function == "chat" && (!known || st == string(answer.Unseen)) {
		for _, f := range functionOrder(svc) {
			if svc.Functions[f] != string(answer.Unseen) && !slices.Contains(columned, f) {
				word := functionWord(svc, f)
				switch { // a rate has no room here
				case f == "tunnel" && svc.Functions[f] == string(answer.OK):
					word = "up"
				case svc.Functions[f] == string(answer.OK):
					word = "yes"
				}
				return answer.FunctionName(f) + " " + word
			}
		}
	}
	if !known {
		return "-"
	}
	return functionWord(svc, function)
}
