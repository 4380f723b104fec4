package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	race    = "../../pcaps/whatsapp-reset-race/client.pcapng"
	policed = "../../pcaps/telegram-policed/client.pcapng"
)

// TestAPageAndSlicesOfSeveralCaptures: one page with all of them, a folder of slices
// each; nobody else may read them, and the screen is the same as without.
func TestAPageAndSlicesOfSeveralCaptures(t *testing.T) {
	dir := t.TempDir()
	page, slices := filepath.Join(dir, "r.html"), filepath.Join(dir, "cut")
	got := outside("analyze", "--html", page, "--full", "--slice", slices, race, policed)
	if plain := outside("analyze", race, policed); got.code != 0 || got.stdout != plain.stdout || got.stderr != "" {
		t.Fatalf("code %d, %s\n%s", got.code, got.stderr, got.stdout)
	}
	b, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(b), "reset.injected") || !strings.Contains(string(b), "rate.policed") || !strings.HasSuffix(string(b), "</html>\n") {
		t.Errorf("%d bytes of page: %v", len(b), err)
	}
	for path, want := range map[string]os.FileMode{
		page: 0o600, slices: 0o700 | os.ModeDir, filepath.Join(slices, "1", "f1-reset.injected.pcapng"): 0o600, filepath.Join(slices, "2", "f1-rate.policed.pcapng"): 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are left, %v", left, err)
	}
}

// TestWhatCannotBeWrittenOrReadTwice: wrong usage is refused before anything is read; a
// page is made of a pipe, too, and says what it lacks.
func TestWhatCannotBeWrittenOrReadTwice(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "r.html")
	capture, err := os.ReadFile(race)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own.pcapng")
	if err := os.WriteFile(own, capture, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"slices of a pipe", []string{"--slice", dir, "-"}, 2, "read a second time"},
		{"a page over its capture", []string{"--html", own, own}, 2, "overwrite the capture"},
		{"--full without a page", []string{"--full", own}, 2, "--full"},
		{"a page and --explain", []string{"--html", page, "--explain", "f1", own}, 2, "one after the other"},
		{"a page where there is no folder", []string{"--html", filepath.Join(dir, "no", "r.html"), own}, 4, "write report"},
		{"slices where a file is", []string{"--slice", own, own}, 4, "write slices"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := outsideWith(capture, append([]string{"analyze"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) {
				t.Errorf("code %d, want %d; %s", got.code, c.code, got.stderr)
			}
		})
	}
	if now, err := os.ReadFile(own); err != nil || string(now) != string(capture) {
		t.Errorf("the capture was changed: %v", err)
	}
	bad := filepath.Join(dir, "bad.pcapng")
	if err := os.WriteFile(bad, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := outside("analyze", "--html", page, bad); got.code != 1 || !strings.Contains(got.stderr, "no report is written") {
		t.Errorf("code %d, %s", got.code, got.stderr)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("a page of nothing")
	}
	if got := outside("analyze", "--html", page, bad, own); got.code != 1 {
		t.Errorf("code %d, %s", got.code, got.stderr)
	}
	if b, err := os.ReadFile(page); err != nil || !strings.Contains(string(b), "One more capture could not be read") {
		t.Errorf("the page does not tell of the other one: %v", err)
	}
	got := outsideWith(capture, "analyze", "--html", page, "-")
	b, err := os.ReadFile(page)
	if got.code != 0 || err != nil || !strings.Contains(string(b), "a pipe cannot be read a second time") {
		t.Errorf("code %d %s, %d bytes, %v", got.code, got.stderr, len(b), err)
	}
}
