package web

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chokepoint/classify"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// TestInABrowser: a browser runs the page's script under its policy, and what is told
// later gets into the page.
func TestInABrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	switch {
	case err == nil:
	case os.Getenv("REQUIRE_CHROMIUM") == "1":
		t.Fatal(err)
	default:
		t.Skip("needs chromium")
	}
	p := NewPage(captured, &silent{})
	_ = p.Begin(&report.Meta{Backend: "tcx"})
	l, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(l, Options{Metrics: prometheus.NewRegistry(), Page: p, Log: func(text string) { t.Error(text) }, Every: 10 * time.Millisecond})
	s.Start()
	defer s.Close()
	go func() { // once it listens; the browser goes on when nothing is under way any more
		for !s.hub.heard() && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		_ = p.Service(says("telegram", "Telegram: chat is blocked"))
		_ = p.Finding(found("f1", finding.Likely, 1))
		p.Counted(&classify.Stats{First: at(0), Last: at(9)})
		time.Sleep(2 * renderRest)
		s.Close()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=3000", "--dump-dom", "http://"+l.Addr().String()+"/")
	dom, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"not connected: what is shown may be old", "chat is blocked", "summary of f1"} {
		if !strings.Contains(string(dom), want) {
			t.Errorf("no %q in %s", want, dom)
		}
	}
}
