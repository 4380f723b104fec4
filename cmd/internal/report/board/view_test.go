package board

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

func fixed(columns, rows int) func() (int, int) { return func() (int, int) { return columns, rows } }

// busy is a board in the midst of things.
func busy(t testing.TB) *Board {
	b := New(io.Discard, Options{Size: fixed(80, 25)}, silent{w: io.Discard})
	b.HasKeys()
	check(t, b.Begin(meta("eth0")))
	since := at(130)
	whatsapp := says("whatsapp", "WhatsApp", answer.Blocked, "WhatsApp: blocked, every connection to six addresses is cut off at the hello by somebody between this host and the server", "chat", "blocked", "media", "unseen", "call", "unseen")
	whatsapp.Since = &since
	check(t,
		b.Service(says("max", "MAX", answer.OK, "MAX: works", "chat", "ok", "media", "ok", "call", "unseen")),
		b.Service(says("telegram", "Telegram", answer.Throttled, "Telegram: media held to 141 kbit/s by a policer; chat unaffected", "chat", "ok", "media", "throttled", "call", "unseen")),
		b.Service(whatsapp),
		b.Service(says("signal", "Signal", answer.Unseen, "Signal: nothing seen")))
	for i := range 37 {
		check(t, b.Finding(found(fmt.Sprintf("f%d", i+1), finding.ResetInjected, finding.Confirmed, "whatsapp", float64(130+i), fmt.Sprintf("c%06d", i))))
	}
	check(t,
		b.Finding(found("f38", finding.RatePoliced, finding.Likely, "telegram", 200, "c000100")),
		b.Finding(found("f39", finding.DNSDenied, finding.Suspected, "whatsapp", 201, "c000200")),
		b.Finding(found("f40", finding.ResetSeen, finding.Unexplained, "max", 201, "c000201")))
	for i := range 30 {
		check(t, b.Flow(flowTo(i+1, "telegram", fmt.Sprintf("n%d.example.org", i+1)), nil))
	}
	b.Reached(moment(300, 61220, 0, 0))
	return b
}

func TestGoldenTable(t *testing.T) {
	b := busy(t)
	see := func(name string, columns, rows int) {
		t.Helper()
		lines := b.view(columns-1, rows-1)
		limits(t, lines, columns-1, rows-1)
		golden(t, name, strings.Join(lines, "\n")+"\n")
	}
	see("table.txt", 80, 25)
	see("table-low.txt", 80, 14)
	see("table-narrow.txt", 50, 25)
	b.Key('f')
	see("table-flows.txt", 80, 30)
	b.Key('f')
	b.Key('?')
	b.Reached(moment(301, 61230, 12, 3400))
	see("table-help.txt", 80, 25)
}

func TestNothingYet(t *testing.T) {
	b := New(io.Discard, Options{Size: fixed(80, 25)}, silent{})
	check(t, b.Begin(meta("eth0", "wlan0")))
	got := strings.Join(b.view(79, 24), "\n")
	if got != "eth0, wlan0  live (tcx)  0 packets  lost 0\n\nNothing of a known service yet." {
		t.Errorf("got\n%s", got)
	}
}

// Every size is kept to, with more services and findings than fit.
func TestAnySizeIsKeptTo(t *testing.T) {
	b := busy(t)
	for i := range 40 {
		check(t, b.Service(says(fmt.Sprintf("s%d", i), strings.Repeat("Ж", i), []answer.Status{answer.OK, answer.Failing, answer.Unseen}[i%3],
			strings.Repeat("word ", i*3), "chat", "failing")))
		check(t, b.Finding(found(fmt.Sprintf("f%d", 100+i), finding.DropConnect, finding.Likely, fmt.Sprintf("s%d", i), 210, "c1")))
	}
	for _, keys := range []string{"", "f", "?", "f"} {
		if keys != "" {
			b.Key(keys[0])
		}
		for _, columns := range []int{2, 20, 39, 40, 41, 60, 79, 130} {
			for _, rows := range []int{1, 7, 8, 9, 10, 12, 15, 20, 24, 40, 70} {
				limits(t, b.view(columns, rows), columns, rows)
			}
		}
	}
}

const evil = "x\x1b]0;owned\a\u009b31m\u202e\xff\n"

func TestForeignTextIsShownAsEscapes(t *testing.T) {
	var out strings.Builder
	b := New(io.Discard, Options{Size: fixed(80, 25)}, silent{})
	l := NewLines(&out, silent{w: io.Discard})
	m := meta(evil)
	f := found(evil, finding.ResetInjected, finding.Confirmed, "", 1, evil)
	f.Name, f.Summary = evil, evil
	back := *f
	back.Verdict, back.BenignCause = finding.Benign, evil
	s := says(evil, evil, answer.Blocked, evil, "chat", evil)
	check(t, b.Begin(m), b.Finding(f), b.Service(s), b.Flow(flowTo(1, evil, evil), []string{evil}))
	b.Key('f')
	lines := b.view(79, 24)
	limits(t, lines, 79, 24)
	if n := strings.Count(strings.Join(lines, "\n"), `\x1b]0;owned`); n < 5 {
		t.Errorf("shown %d times only:\n%s", n, strings.Join(lines, "\n"))
	}
	check(t, l.Begin(m), l.Finding(f), l.Service(s), l.Finding(&back))
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	limits(t, got, 1000, 3)
	if len(got) != 3 {
		t.Errorf("%d lines: %q", len(got), got)
	}
}
