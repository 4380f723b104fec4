package table

import (
	"strings"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// What follows is how the screen words things, for those who tell a run while it
// goes on: the same words, whoever says them. Texts that are returned are escaped
// unless they say otherwise.

// StatusWord is a service's status as the screen shouts it: BLOCKED, ok.
func StatusWord(s *answer.Service) string { return statusWord(s) }

// Functions are the cells of a service's row, raw: "chat yes", "call not tried".
func Functions(s *answer.Service) []string { return functions(s) }

// Sureness is a verdict in a word: sure, likely, maybe.
func Sureness(v finding.Verdict) string { return sureness(v) }

// FlowLine is one flow with its findings, at most 80 columns wide.
func FlowLine(f *fact.Flow, findings []string) string { return flowLine(f, findings) }

// Interfaces names what a live capture listens on, raw: "eth0, wlan0".
func Interfaces(m *report.Meta) string {
	names := make([]string, 0, len(m.Files))
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// Number writes thousands apart: 88,412.
func Number(n uint64) string { return number(n) }

// Lasted writes a duration: 12s, 5m00s, 3h02m.
func Lasted(d time.Duration) string { return lasted(d) }

// Paint colours a status word in an escaped line.
func Paint(line, word string) string { return paint(line, word) }

// Cut shortens escaped text to n columns.
func Cut(s string, n int) string { return cut(s, n) }

// Pad fills escaped text up to n columns.
func Pad(s string, n int) string { return pad(s, n) }

// Width is the number of columns a text takes.
func Width(s string) int { return width(s) }
