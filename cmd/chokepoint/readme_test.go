package main

import (
	"os"
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
