package table

import (
	"strings"
	"testing"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

func TestTheHeadOfALiveCapture(t *testing.T) {
	r := run{meta: report.Meta{Backend: "tcx", Files: []report.File{{Name: "eth0"}, {Name: "wlan0"}}}, stats: capt(61220, 5*time.Minute, "host", 3)}
	r.stats.Source.Dropped, r.stats.Source.Lost, r.stats.Source.Unseen = 2, 5, 3400
	out := r.print(t, Options{})
	checkScreen(t, out)
	head, rest, _ := strings.Cut(out, "\n")
	if head != "eth0, wlan0  live (tcx)  2026-11-20 18:02:11Z +5m00s  61,220 packets  lost 7" {
		t.Errorf("got %q", head)
	}
	if !strings.Contains(rest, "3,400 counted, not looked at") {
		t.Errorf("got %s", rest)
	}
}

// Packets of a live capture have no numbers in a file that a filter could name.
func TestTheFilterOfALiveFindingGoesByAddress(t *testing.T) {
	r := run{meta: report.Meta{Backend: "tcx", Files: []report.File{{Name: "eth0"}}}, stats: capt(10, time.Minute, "host", 1)}
	g := &group{Finding: &finding.Finding{Filter: "frame.number==9", Proto: "tcp", Client: end("10.0.0.2", 51334), Server: end("157.240.1.60", 443)}}
	live, file := New(nil, Options{}), New(nil, Options{})
	live.meta = r.meta
	if got := live.tell().filter(g); got != "ip.addr==157.240.1.60&&tcp.port==51334" {
		t.Errorf("live: %s", got)
	}
	if got := file.tell().filter(g); got != "frame.number==9" {
		t.Errorf("of a file: %s", got)
	}
}
