package main

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"

	"chokepoint/cmd/internal/report"
)

// labColumns is the width of the lab's screens.
const labColumns = 80

// labIndent is where text begins behind a heading.
const labIndent = 10

// page is lines of text for a terminal.
type page struct{ lines []string }

// say adds a heading and foreign text behind it, in as many lines as it takes.
func (p *page) say(head, text string) { p.brief(head, text, 0) }

// brief is say in at most n lines, 0: any number; what is cut ends in an ellipsis.
func (p *page) brief(head, text string, n int) {
	lines := wrap(report.Text(text), labColumns-labIndent)
	if n > 0 && len(lines) > n {
		lines = lines[:n]
		lines[n-1] = clip(lines[n-1]+" …", labColumns-labIndent)
	}
	for i, l := range lines {
		if i > 0 {
			head = ""
		}
		p.lines = append(p.lines, strings.TrimRight(fmt.Sprintf("%-*s", labIndent-1, head)+" "+l, " "))
	}
}

// raw adds lines as they are.
func (p *page) raw(lines ...string) { p.lines = append(p.lines, lines...) }

// String is the page.
func (p *page) String() string { return strings.Join(p.lines, "\n") + "\n" }

// wrap breaks escaped text between words into lines of n columns, and words that
// are longer than a line anywhere.
func wrap(text string, n int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && columnsOf(line)+1+columnsOf(word) > n {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		for line += word; columnsOf(line) > n; {
			head, rest := columnsSplit(line, n)
			lines, line = append(lines, head), rest
		}
	}
	if line == "" && len(lines) > 0 {
		return lines
	}
	return append(lines, line)
}

// clip shortens escaped text to n columns.
func clip(s string, n int) string {
	if columnsOf(s) <= n {
		return s
	}
	head, _ := columnsSplit(strings.TrimSuffix(s, " …"), n-1)
	return strings.TrimRight(head, " ,;:") + "…"
}

func columnsOf(s string) int { return uniseg.StringWidth(s) }

// columnsSplit takes what fits into n columns, at least one character.
func columnsSplit(s string, n int) (head, rest string) {
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

// counted is a number of things: "1 packet", "3 packets".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
