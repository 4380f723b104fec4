package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheREADMEShowsWhatIsPrinted: every command in it that begins a block with
// "$ chokepoint analyze pcaps/..." prints what stands below, to the byte; a line that is
// an ellipsis stands for any others.
func TestTheREADMEShowsWhatIsPrinted(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	shown := 0
	for _, block := range strings.Split(string(b), "```\n")[1:] {
		command, want, ok := strings.Cut(block, "\n")
		args, ours := strings.CutPrefix(command, "$ chokepoint analyze ")
		if !ok || !ours {
			continue
		}
		shown++
		got := outside(append([]string{"analyze"}, strings.Fields(args)...)...)
		if !elided(got.stdout, want) {
			t.Errorf("%s prints other than what is shown:\n%s", command, got.stdout)
		}
	}
	if shown < 2 {
		t.Errorf("%d outputs are shown", shown)
	}
}

// elided reports whether a text is another one of which lines are left out.
func elided(text, shown string) bool {
	at := 0
	for i, part := range strings.Split(shown, "…\n") {
		k := strings.Index(text[at:], part)
		if k < 0 || i == 0 && k != 0 {
			return false
		}
		at += k + len(part)
	}
	return strings.HasSuffix(shown, "…\n") || at == len(text)
}

// TestPicturesAreThere: every picture that a page of ours shows is in docs/screenshots, says
// in words what is on it, and is small; and every one in there is shown.
func TestPicturesAreThere(t *testing.T) {
	const most = 150_000 // bytes: a page of them loads at once
	t.Chdir("../..")
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`!\[([^]]*)\]\(([^)]*)\)`).FindAllSubmatch(b, -1) {
			path := filepath.Join(filepath.Dir(page), string(m[2]))
			shown[path] = true
			switch s, err := os.Stat(path); {
			case err != nil:
				t.Errorf("%s: %v", page, err)
			case s.Size() > most || s.Size() < 1000:
				t.Errorf("%s has %d bytes", path, s.Size())
			case len(m[1]) < 20:
				t.Errorf("%s: %s is described by %q", page, path, m[1])
			}
		}
	}
	there, err := filepath.Glob("docs/screenshots/*")
	if err != nil || len(there) < 4 {
		t.Fatalf("%d pictures: %v", len(there), err)
	}
	for _, path := range there {
		if !shown[path] {
			t.Errorf("%s is shown nowhere", path)
		}
	}
}
