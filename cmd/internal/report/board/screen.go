package board

import (
	"fmt"
	"io"
	"strings"
)

// screen is a block of lines at the bottom of what a terminal shows, rewritten in
// place: only lines that changed are written again, so that it does not flicker.
// The cursor rests on the line below it. Escape sequences are ECMA-48's CUU, EL,
// ED and CUP.
type screen struct {
	w       io.Writer
	lines   []string
	columns int
	rows    int
}

// show brings the block up to date. Lines fit into columns, and are fewer than
// rows. A terminal that went away is not minded here: the capture goes on.
func (s *screen) show(lines []string, columns, rows int) {
	var b strings.Builder
	if len(s.lines) > 0 && (columns != s.columns || rows != s.rows) {
		b.WriteString("\x1b[H\x1b[J") // nobody knows where the terminal has put our lines
		s.lines = nil
	}
	if n := len(s.lines); n > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", n)
	}
	for i, line := range lines {
		if i >= len(s.lines) || s.lines[i] != line {
			b.WriteString("\r\x1b[K" + line)
		}
		b.WriteString("\n")
	}
	if len(lines) < len(s.lines) {
		b.WriteString("\r\x1b[J")
	}
	s.lines, s.columns, s.rows = lines, columns, rows
	_, _ = io.WriteString(s.w, b.String())
}

// wipe takes the block away.
func (s *screen) wipe() {
	if len(s.lines) == 0 {
		return
	}
	_, _ = fmt.Fprintf(s.w, "\x1b[%dA\r\x1b[J", len(s.lines))
	s.lines = nil
}
