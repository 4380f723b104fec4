package board

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

func TestGoldenLines(t *testing.T) {
	var out strings.Builder
	l := NewLines(&out, silent{w: &out})
	check(t, l.Begin(meta("eth0")))
	l.Health()
	l.Reached(moment(10, 1000, 0, 0))
	l.Health() // nothing lost: no line
	ok := says("telegram", "Telegram", answer.OK, "Telegram: works, 20 Mbit/s", "media", "ok")
	check(t, l.Service(ok))
	ok.Sentence = "Telegram: works, 21 Mbit/s"
	check(t, l.Service(ok)) // the same state
	for i := range 37 {
		l.Reached(moment(20+float64(i), 2000, 0, 0))
		check(t, l.Finding(found(fmt.Sprintf("f%d", i+1), finding.ResetInjected, finding.Confirmed, "whatsapp", 19+float64(i), fmt.Sprintf("c%d", i))))
	}
	l.Reached(moment(60, 3000, 5, 0))
	l.Health()
	l.Health() // told already
	bad := says("telegram", "Telegram", answer.Throttled, "Telegram: media held to 141 kbit/s by a policer; chat unaffected", "media", "throttled")
	check(t, l.Service(bad))
	// Not sure at first, then likely, then innocent.
	maybe := found("f38", finding.DropHello, finding.Suspected, "signal", 61, "c90")
	likely, innocent := *maybe, *maybe
	likely.Verdict, likely.Rev = finding.Likely, 1
	innocent.Verdict, innocent.Rev, innocent.BenignCause = finding.Benign, 2, "idle_timeout"
	check(t, l.Finding(maybe), l.Finding(&likely), l.Finding(&likely), l.Finding(&innocent))
	// Nobody is accused: no line.
	check(t, l.Finding(found("f39", finding.ResetSeen, finding.Unexplained, "max", 62, "c91")))
	nobody := found("f40", finding.DNSForged, finding.Confirmed, "", 63, "c92")
	nobody.Name = "example.org"
	again := *nobody
	again.ID = "f41"
	check(t, l.Finding(nobody), l.Finding(&again))
	l.Reached(moment(70, 4000, 5, 120))
	l.Health()
	check(t, l.End(&classify.Stats{}))
	golden(t, "lines.txt", out.String())
}

func TestAWriterThatFailsIsTold(t *testing.T) {
	full := errors.New("no space")
	r, w := io.Pipe()
	r.CloseWithError(full)
	l := NewLines(w, silent{w: io.Discard})
	if err := l.Finding(found("f1", finding.ResetInjected, finding.Confirmed, "max", 1)); err != full {
		t.Errorf("finding: %v", err)
	}
	if err := l.Service(says("max", "MAX", answer.OK, "")); err != full {
		t.Errorf("service: %v", err)
	}
	// And what the report behind says comes through.
	l = NewLines(io.Discard, silent{err: full})
	b := New(io.Discard, Options{Size: fixed(80, 25)}, silent{err: full})
	f := found("f1", finding.ResetInjected, finding.Confirmed, "max", 1)
	if l.Finding(f) != full || b.Finding(f) != full {
		t.Error("an error of the report behind was lost")
	}
}
