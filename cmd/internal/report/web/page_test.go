package web

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/html"
)

var keep = flag.String("keep", "", "write the page of a bundled capture to this file")

var start = time.Date(2026, 11, 21, 3, 11, 2, 0, time.UTC)

func at(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

// silent takes everything.
type silent struct{ took int }

func (s *silent) Begin(*report.Meta) error        { s.took++; return nil }
func (s *silent) Flow(*fact.Flow, []string) error { s.took++; return nil }
func (s *silent) Finding(*finding.Finding) error  { s.took++; return nil }
func (s *silent) Service(*answer.Service) error   { s.took++; return nil }
func (s *silent) End(*classify.Stats) error       { s.took++; return nil }

func captured() capture.Stats { return capture.Stats{Packets: 123_457, Bytes: 99, Dropped: 3} }

func found(id string, v finding.Verdict, s float64) *finding.Finding {
	return &finding.Finding{ID: id, Kind: finding.DropHello, Verdict: v, Service: "telegram", From: at(s), To: at(s), Summary: "summary of " + id}
}

func says(id, sentence string) *answer.Service {
	return &answer.Service{Service: id, Name: strings.ToUpper(id), Status: answer.Blocked, Works: answer.WorksNo, Cause: answer.CauseInterference, Sentence: sentence}
}

// with has what a page holds told, and renders it however short ago it did.
func (p *Page) with(t *testing.T, do func() error) update {
	t.Helper()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	p.at = time.Time{}
	b, err := p.Update()
	if err != nil {
		t.Fatal(err)
	}
	var u update
	if err := json.Unmarshal(b, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestThePageShowsWhatStands(t *testing.T) {
	then := &silent{}
	p := NewPage(captured, then)
	u := p.with(t, func() error { return p.Begin(&report.Meta{Backend: "tcx", Files: []report.File{{Name: "eth<0>"}}}) })
	if u.State != "live, nothing counted so far" {
		t.Errorf("state %q", u.State)
	}
	round := func(s float64, services ...*answer.Service) func() error {
		return func() error {
			for _, x := range services {
				_ = p.Service(x)
			}
			p.Counted(&classify.Stats{Packets: 7, First: at(0), Last: at(s)})
			return nil
		}
	}
	u = p.with(t, round(9, says("telegram", "Telegram: <b>chat</b> is blocked")))
	if u.State != "live, as of 03:11:11Z" || !strings.Contains(u.Answer, "&lt;b&gt;chat&lt;/b&gt; is blocked") || !strings.Contains(u.Answer, "123,457") {
		t.Errorf("%+v", u)
	}
	u = p.with(t, func() error { return p.Finding(found("f1", finding.Suspected, 9)) })
	if !strings.Contains(u.Findings, "summary of f1") {
		t.Errorf("findings: %s", u.Findings)
	}
	later := found("f1", finding.Likely, 9)
	later.Rev, later.Summary = 1, "a later word"
	u = p.with(t, func() error { return p.Finding(later) })
	if strings.Contains(u.Findings, "summary of f1") || !strings.Contains(u.Findings, "a later word") {
		t.Errorf("findings: %s", u.Findings)
	}
	// A service that is in no answer any more is not shown, nor is what is long ago.
	u = p.with(t, round(9+lately.Seconds()+1, says("max", "MAX works")))
	if strings.Contains(u.Answer, "chat") || !strings.Contains(u.Answer, "MAX works") || strings.Contains(u.Findings, "a later word") {
		t.Errorf("%+v", u)
	}
	if s, _ := p.snapshot(); s.Stats.Last.Sub(s.Stats.First) != lately {
		t.Errorf("the timeline is of %v", s.Stats.Last.Sub(s.Stats.First))
	}
	u = p.with(t, func() error { return p.Finding(found("f2", finding.Likely, 1300)) })
	gone := *found("f2", finding.Withdrawn, 1300)
	if u = p.with(t, func() error { return p.Finding(&gone) }); strings.Contains(u.Findings, "summary of f2") {
		t.Errorf("taken back: %s", u.Findings)
	}
	if err := p.End(&classify.Stats{}); err != nil || then.took != 8 {
		t.Errorf("%d calls were handed on, %v", then.took, err)
	}
}

// TestThePagesOwnPartsRun: the script that listens, and nothing that was seen.
func TestThePagesOwnPartsRun(t *testing.T) {
	p := NewPage(captured, &silent{})
	evil := found("f1", finding.Likely, 1)
	evil.Name, evil.Summary = "</script><script>alert(1)</script>", "<script>alert(2)</script>"
	u := p.with(t, func() error { return p.Finding(evil) })
	document, policy, err := p.Page()
	if err != nil || !strings.HasPrefix(string(document), "<!DOCTYPE html>") {
		t.Fatal(err)
	}
	for _, want := range []string{html.Hash(pageScript), "default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	if n := strings.Count(string(document), "<script"); n != 2 || strings.Contains(u.Findings, "<script") || !strings.Contains(u.Findings, "alert(2)") {
		t.Errorf("%d scripts; %s", n, u.Findings)
	}
	for _, name := range []string{"answer", "timeline", "findings", "unseen"} { // what the script looks for
		if !strings.Contains(string(document), `id="live-`+name+`"`) || !strings.Contains(pageScript, `"`+name+`"`) {
			t.Errorf("no place for %s", name)
		}
	}
}

// TestRenderingIsRare: the processor is the capture's.
func TestRenderingIsRare(t *testing.T) {
	p := NewPage(captured, &silent{})
	_ = p.with(t, func() error { return p.Finding(found("f1", finding.Likely, 1)) })
	first := p.parts
	for n := range 1000 {
		_ = p.Finding(found(fmt.Sprint("g", n), finding.Likely, 1))
		if _, _, err := p.Page(); err != nil {
			t.Fatal(err)
		}
		if n > 10 && time.Since(p.at) > renderRest/2 {
			break
		}
	}
	if p.parts != first {
		t.Error("rendered again at once")
	}
	p.at = time.Time{}
	if _, err := p.Update(); err != nil || p.parts == first {
		t.Error("not rendered anew")
	}
	second := p.parts
	p.at = time.Time{}
	if _, err := p.Update(); err != nil || p.parts != second {
		t.Error("rendered anew what had not changed")
	}
}

// TestThePageIsBounded: twenty thousand findings make no larger page than a few hundred,
// and those that weigh are not pushed out by those that do not.
func TestThePageIsBounded(t *testing.T) {
	p := NewPage(captured, &silent{})
	u := p.with(t, func() error {
		for n := range 10 {
			_ = p.Finding(found(fmt.Sprint("sure", n, "."), finding.Confirmed, 1))
		}
		for n := range 20_000 {
			x := found(fmt.Sprint("f", n), finding.Suspected, 2)
			x.Name, x.Summary = strings.Repeat("x", 5000), strings.Repeat("y", 5000)
			for range 40 {
				x.For = append(x.For, finding.Evidence{Code: "R1", Family: finding.Sequence, Class: finding.S, Text: strings.Repeat("z", 1000)})
			}
			_ = p.Finding(x)
		}
		return nil
	})
	if n := len(u.Answer) + len(u.Timeline) + len(u.Findings) + len(u.Unseen); n > 3<<20 {
		t.Errorf("%d bytes", n)
	}
	for n := range 10 {
		if !strings.Contains(u.Findings, fmt.Sprint("summary of sure", n, ".")) {
			t.Errorf("finding %d was pushed out", n)
		}
	}
	if !strings.Contains(u.Findings, "f19999") || strings.Contains(u.Findings, "f19900\"") {
		t.Error("not the newest are shown")
	}
}

// TestThePageMeanwhile runs the engine over a capture while the page is asked for, for
// the race detector: what is shown must not change under it.
func TestThePageMeanwhile(t *testing.T) {
	src, err := pcapfile.Open(filepath.Join("..", "..", "..", "..", "pcaps", "whatsapp-denied-and-dropped", "client.pcapng"), pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	p := NewPage(captured, &silent{})
	quit := make(chan struct{})
	var asking sync.WaitGroup
	for range 2 {
		asking.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				p.rendering.Lock()
				p.at = time.Time{}
				p.rendering.Unlock()
				if _, err := p.Update(); err != nil {
					t.Error(err)
				}
				if _, _, err := p.Page(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	_ = p.Begin(&report.Meta{})
	stats, err := classify.Run(context.Background(), src, p, classify.Options{Workers: 2, Interval: time.Second, Counted: p.Counted})
	close(quit)
	asking.Wait()
	if err != nil {
		t.Fatal(err)
	}
	u := p.with(t, func() error { return p.End(&stats) })
	if !strings.Contains(u.Findings, "NXDOMAIN") || !strings.Contains(u.State, "as of") {
		t.Errorf("%+v", u)
	}
	if *keep != "" { // to be looked at
		document, _, err := p.Page()
		if err != nil || os.WriteFile(*keep, document, 0o600) != nil {
			t.Error(err)
		}
	}
}
