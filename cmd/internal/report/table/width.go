package table

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"chokepoint/cmd/internal/report"
)

// columns is the width of the screen.
const columns = 80

// width is the number of columns a text takes.
func width(s string) int { return uniseg.StringWidth(s) }

// cut shortens escaped text to n columns.
func cut(s string, n int) string {
	if width(s) <= n {
		return s
	}
	head, _ := split(s, n-1)
	return head + "…"
}

// cutLeft keeps the end of escaped text: of a path the file says most.
func cutLeft(s string, n int) string {
	if width(s) <= n {
		return s
	}
	for width(s) > n-1 {
		_, s, _, _ = uniseg.FirstGraphemeClusterInString(s, -1)
	}
	return "…" + s
}

// split takes as many grapheme clusters as fit into n columns, at least one.
func split(s string, n int) (head, rest string) {
	used, rest, state := 0, s, -1
	for rest != "" {
		_, next, w, st := uniseg.FirstGraphemeClusterInString(rest, state)
		if used += w; used > n && rest != s {
			break
		}
		rest, state = next, st
	}
	return s[:len(s)-len(rest)], rest
}

// splitWords is split, between two words where there are two.
func splitWords(s string, n int) (head, rest string) {
	head, rest = split(s, n)
	if i := strings.LastIndexByte(head, ' '); i > 0 && rest != "" && rest[0] != ' ' {
		return head[:i], s[i+1:]
	}
	return head, strings.TrimPrefix(rest, " ")
}

// pad fills escaped text up to n columns.
func pad(s string, n int) string {
	if w := width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

// padLeft fills it on the left.
func padLeft(s string, n int) string {
	if w := width(s); w < n {
		return strings.Repeat(" ", n-w) + s
	}
	return s
}

// heading is the beginning of a line: printable, with room behind it.
func heading(s string, columns int) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		s = report.Text(s)
	}
	return cut(s, columns-20)
}

// flow lays raw cells out in lines of the screen, see [Wrap].
func flow(head string, indent int, sep string, cells []string) []string {
	return Wrap(columns, head, indent, sep, cells)
}

// Wrap lays raw cells out in lines of at most n columns, 40 or more: the first
// begins with head, those after it with as many blanks as indent says. Cells are
// escaped here, and so is a head that does not come fit to print.
func Wrap(n int, head string, indent int, sep string, cells []string) []string {
	line, empty := heading(head, n), true
	var out []string
	next := func() {
		out = append(out, strings.TrimRight(line, " "))
		line, empty = strings.Repeat(" ", indent), true
	}
	for _, c := range cells {
		c = report.Text(c)
		lead := sep
		if empty {
			lead = ""
		}
		if !empty && width(line)+width(lead)+width(c) > n {
			next()
			lead = ""
		}
		for width(line)+width(c) > n { // longer than a line: it is broken
			var part string
			part, c = splitWords(c, n-width(line))
			line += part
			next()
		}
		line += lead + c
		empty = false
	}
	return append(out, strings.TrimRight(line, " "))
}
