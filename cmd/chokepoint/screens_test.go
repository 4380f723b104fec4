package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// screens are the answers people come for, each from a recording.
var screens = []struct {
	name, file string
	flags      []string
	says       []string
}{
	{"blocked", "whatsapp-denied-and-dropped/client.pcapng", nil,
		[]string{"WhatsApp   BLOCKED", "dns.denied", "drop.hello", "Where", "Instagram  ok"}},
	{"throttled", "recorded/policed-140k-telegram/client.pcapng.zst", nil,
		[]string{"Telegram  THROTTLED", "held to 140 kbit/s by a token bucket", "Not shown", "Meanwhile"}},
	{"fine", "everything-works/client.pcapng", []string{"--expect", "whatsapp,telegram,max,discord"},
		[]string{"No interference found. What was tried works.", "tried  worked", "Discord", "unseen", "This does not show"}},
	{"first-hop", "recorded/wifi-bursts/client.pcapng.zst", nil,
		[]string{"hits everything alike. No interference seen.", "Loss", "WhatsApp  LOSSY", "no accusation"}},
	{"poor", "recorded/capture-up-only/client.pcapng.zst", nil,
		[]string{"CANNOT TELL, cause not shown", "Why it cannot tell", "one direction", "Next"}},
}

// TestScreens: the answer takes 25 lines of 80 columns at most before the details, and
// says what is in testdata/screens, to the byte.
func TestScreens(t *testing.T) {
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			got := outside(append([]string{"analyze", filepath.Join("../../pcaps", s.file)}, s.flags...)...)
			if got.code != 0 {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			answer, _, _ := strings.Cut(got.stdout, "\nDetails\n")
			lines := strings.Split(strings.TrimRight(answer, "\n"), "\n")
			if len(lines) > 25 {
				t.Errorf("%d lines", len(lines))
			}
			for _, l := range lines {
				if n := utf8.RuneCountInString(l); n > 80 {
					t.Errorf("%d columns: %s", n, l)
				}
			}
			for _, w := range s.says {
				if !strings.Contains(answer, w) {
					t.Errorf("%q is not on it", w)
				}
			}
			path := filepath.Join("testdata", "screens", s.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got.stdout), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil || string(want) != got.stdout {
				t.Errorf("differs from %s at line %d (%v); make golden, and read the diff", path, firstDifference(string(want), got.stdout), err)
			}
		})
	}
}
