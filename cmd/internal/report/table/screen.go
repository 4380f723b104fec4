package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// rows is the height of the screen.
const rows = 25

// How dear an item is: the highest goes first when the screen is full.
const (
	must = iota
	dear
	useful
	nice
	spare
)

// item is some lines that are shown or moved together.
type item struct {
	lines  []string // escaped, at most columns wide
	keep   int
	of     string // the block it belongs to, for when it is moved
	status string // word of the first line that gets a colour
}

// screen collects items.
type screen struct {
	items []item
	of    string
}

// cells adds raw cells in a row, wrapped between cells.
func (s *screen) cells(keep int, head string, indent int, cells ...string) {
	s.items = append(s.items, item{lines: flow(head, indent, "  ", cells), keep: keep, of: s.of})
}

// text adds a raw sentence under a label.
func (s *screen) text(keep int, head string, indent int, sentence string) {
	s.items = append(s.items, item{lines: flow(head, indent, " ", strings.Fields(sentence)), keep: keep, of: s.of})
}

// tagged adds a sentence with a mark at the end of its last line.
func (s *screen) tagged(keep int, head string, indent int, sentence, tag string) {
	lines := flow(head, indent, " ", strings.Fields(sentence))
	last, tag := len(lines)-1, mark(tag)
	if width(lines[last])+1+width(tag) > columns {
		lines = append(lines, "")
		last++
	}
	lines[last] = pad(lines[last], columns-width(tag)) + tag
	s.items = append(s.items, item{lines: lines, keep: keep, of: s.of})
}

// colour marks the status word of the last item.
func (s *screen) colour(status string) { s.items[len(s.items)-1].status = status }

// blank adds an empty line, unless there is one.
func (s *screen) blank() {
	if n := len(s.items); n > 0 && !slices.Equal(s.items[n-1].lines, []string{""}) {
		s.items = append(s.items, item{lines: []string{""}, keep: nice})
	}
}

func height(items []item) int {
	n := 0
	for i := range items {
		n += len(items[i].lines)
	}
	return n
}

// fit parts the items into a screen of at most limit lines and the rest.
func fit(items []item, limit int) (shown, rest []item) {
	if height(items) <= limit {
		return items, nil
	}
	limit-- // for the line that says that there is more
	gone := make([]bool, len(items))
	left := height(items)
	for keep := spare; keep >= must && left > limit; keep-- {
		for i := len(items) - 1; i >= 0 && left > limit; i-- {
			if items[i].keep == keep {
				gone[i] = true
				left -= len(items[i].lines)
			}
		}
	}
	for i := range items {
		if gone[i] {
			rest = append(rest, items[i])
		} else {
			shown = append(shown, items[i])
		}
	}
	rest = slices.DeleteFunc(rest, func(it item) bool { return slices.Equal(it.lines, []string{""}) })
	if len(rest) > 0 {
		more := item{lines: []string{fmt.Sprintf("More    %s below", count(height(rest), "line", "lines"))}}
		shown = append(shown, more)
	}
	return shown, rest
}

// write prints items, the status words in colour if asked.
func write(w io.Writer, items []item, colour bool) error {
	var b strings.Builder
	for i := range items {
		for n, line := range items[i].lines {
			if n == 0 && colour && items[i].status != "" {
				line = paint(line, items[i].status)
			}
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// paint colours the last place where the word stands by itself at the start of
// what follows a name: red does not work, yellow works in part, green works.
func paint(line, word string) string {
	at := strings.Index(line, "  "+word)
	if at < 0 {
		return line
	}
	at += 2
	code := "33"
	switch {
	case strings.HasPrefix(word, "BLOCKED"), strings.HasPrefix(word, "NOT"), word == "BAD":
		code = "31"
	case word == "ok":
		code = "32"
	}
	return line[:at] + "\x1b[" + code + "m" + word + "\x1b[0m" + line[at+len(word):]
}
