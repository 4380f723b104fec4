package html

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/cmd/internal/redact"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/packets"
)

var look = flag.String("look", "", "write the pages of captures into this folder, to look at them: -look DIR -of NAME,NAME")
var lookOf = flag.String("of", "telegram-policed,whatsapp-reset-race,dns-double-answer,whatsapp-denied-and-dropped,everything-works", "of these bundled captures")

// bundled lists the clients' captures that the project carries.
func bundled(t testing.TB) []string {
	t.Helper()
	told, err := filepath.Glob("../../../../pcaps/*/client.pcapng")
	if err != nil || len(told) == 0 {
		t.Fatalf("no bundled captures: %v", err)
	}
	lab, err := filepath.Glob("../../../../pcaps/recorded/*/client.pcapng.zst")
	if err != nil || len(lab) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	return slices.Concat(told, lab)
}

// captureOf finds a bundled one by the name of its case.
func captureOf(t testing.TB, name string) string {
	t.Helper()
	for _, path := range bundled(t) {
		if filepath.Base(filepath.Dir(path)) == name {
			return path
		}
	}
	t.Fatalf("no bundled capture %s", name)
	return ""
}

// play makes both passes over a capture into a section of a page.
func play(t testing.TB, p *Page, path string, r Redactor) *Capture {
	t.Helper()
	c := p.Capture(r)
	src := open(t, path)
	c.Begin(&report.Meta{
		Tool: "chokepoint", Version: "test", Vantage: "auto",
		Files: []report.File{{Name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)}},
	})
	told := report.Tee{c}
	if real, ok := r.(*redact.Redactor); ok {
		told = append(told, real.Note())
	}
	stats, err := classify.Run(context.Background(), src, told, classify.Options{All: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c.End(&stats)
	takers := c.Wants()
	if len(takers) == 0 {
		return c
	}
	again := packets.NewGather(open(t, path), 0, 0, takers...)
	for b := new(capture.Batch); ; {
		if err := again.Read(b); errors.Is(err, io.EOF) {
			return c
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, path string) capture.Source {
	t.Helper()
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// page writes the page of one capture.
func page(t testing.TB, path string, r Redactor) string {
	t.Helper()
	p := New()
	play(t, p, path, r)
	return written(t, p)
}

func written(t testing.TB, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLookAtPages(t *testing.T) {
	if *look == "" {
		t.Skip("nobody looks: -look DIR")
	}
	for _, name := range strings.Split(*lookOf, ",") {
		out := page(t, captureOf(t, name), nil)
		if err := os.WriteFile(filepath.Join(*look, name+".html"), []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, len(out))
	}
}
