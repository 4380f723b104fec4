package explain

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/pcaps"
)

var update = flag.Bool("update", false, "write testdata anew; then read the diff")

// ask explains a target of a capture, as the command does.
func ask(frames []byte, x string, whyNot bool) (string, error) {
	open := func() capture.Source {
		src, err := pcapfile.New(bytes.NewReader(frames), "case", pcapfile.Options{})
		if err != nil {
			panic(err)
		}
		return src
	}
	first := NewFirst(Parse(x))
	opt := classify.Options{Seed: 1, All: true}
	if first.Sort == Service {
		opt.Expect = []string{x}
	}
	stats, _ := classify.Run(context.Background(), first.Source(open()), first, opt)
	if err := first.Settle(stats); err != nil {
		return "", err
	}
	second := first.Second()
	opt.Asked = second.Asked()
	_, _ = classify.Run(context.Background(), second.Source(open()), second, opt)
	var out bytes.Buffer
	err := Write(&out, second, Options{WhyNot: whyNot})
	return out.String(), err
}

// explained explains a target and fails the test if there is none.
func explained(t *testing.T, frames []byte, x string, whyNot bool) string {
	t.Helper()
	s, err := ask(frames, x, whyNot)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// captureOf is the client's capture of a bundled case.
func captureOf(t *testing.T, name string) []byte {
	t.Helper()
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		if frames, ok := cases[i].File("client.pcapng"); ok && cases[i].Name == name {
			return frames
		}
	}
	t.Fatalf("no case %s", name)
	return nil
}

// TestGolden holds the pages of what engineers ask first.
func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		of, x  string
		whyNot bool
	}{
		{of: "whatsapp-reset-race", x: "f1"},
		{of: "whatsapp-reset-race", x: "63"},
		{of: "whatsapp-reset-race", x: "whatsapp"},
		{of: "whatsapp-reset-train", x: "f1"},
		{of: "whatsapp-denied-and-dropped", x: "f1"},
		{of: "whatsapp-denied-and-dropped", x: "f4"},
		{of: "freeze-after-16k", x: "f1"},
		{of: "freeze-after-16k", x: "f4"}, // inconclusive
		{of: "telegram-policed", x: "f1"},
		{of: "telegram-policed", x: "c000063", whyNot: true},
		{of: "dns-double-answer", x: "f1"},
		{of: "signal-syn-blackhole", x: "f1"},
		{of: "server-aborts", x: "c000169", whyNot: true},
		{of: "telegram-lossy-path", x: "telegram", whyNot: true},
		{of: "quic-and-tunnels", x: "whatsapp"},
		{of: "outage-whatsapp", x: "f1", whyNot: true},
		{of: "outage-whatsapp", x: "whatsapp", whyNot: true},
	} {
		name := tc.of + "_" + tc.x
		if tc.whyNot {
			name += "_why-not"
		}
		t.Run(name, func(t *testing.T) {
			got := explained(t, captureOf(t, tc.of), tc.x, tc.whyNot)
			fits(t, got)
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || string(want) != got {
				t.Errorf("differs from %s (%v): go test -update, and read the diff\n%s", path, err, got)
			}
		})
	}
}

// fits: no line is wider than a page, and nothing that a terminal would obey is
// in it.
func fits(t *testing.T, text string) {
	t.Helper()
	for _, l := range strings.Split(text, "\n") {
		if n := uniseg.StringWidth(l); n > columns {
			t.Errorf("%d columns: %s", n, l)
		}
		if strings.TrimRight(l, " ") != l {
			t.Errorf("blanks at the end: %q", l)
		}
	}
	if bad := regexp.MustCompile(`[^\n\P{C}]`).FindString(text); bad != "" {
		t.Errorf("unescaped: %q", bad)
	}
}
