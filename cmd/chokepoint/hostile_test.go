package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/hostile"
)

const evil = "x\x1b]0;owned\a\u009b31m\u202e\xff"

// raw reports what a terminal might act on.
func raw(s string) []rune {
	var out []rune
	for _, r := range strings.ToValidUTF8(s, "\a") {
		if !unicode.IsPrint(r) && r != '\n' {
			out = append(out, r)
		}
	}
	return out
}

func TestForeignTextNeverReachesATerminalRaw(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "ring"+evil)
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Skip("no such names here:", err)
	}
	file(t, inside, "torn"+evil, torn())
	file(t, inside, "usb"+evil, func() []byte {
		b := capturedAt()
		b[20] = 189
		return b
	}())
	var filtered bytes.Buffer
	w, err := pcapfile.NewWriter(&filtered, []capture.Interface{{Name: evil, Link: capture.LinkRaw, Filter: evil}})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(pcapfile.Record{Frame: []byte{0}})
	w.Flush()
	recorded := file(t, dir, "filtered.pcapng", filtered.Bytes())
	for _, args := range [][]string{
		{"analyze", inside}, {"analyze", "--json", inside}, {"analyze", "-v", "--join", inside}, {"analyze", "--json", recorded},
		{"analyze", evil}, {"analyze", "-r", evil}, {"analyze", "--only", evil, inside}, {"analyze", "--vantage", evil, inside},
		{"analyze", "--memory", evil, inside}, {"analyze", "--services", evil, inside}, {"analyze", "--mine", evil, inside},
		{"analyze", "--" + evil}, {evil}, {"services", "show", evil}, {"services", "match", evil},
	} {
		got := runWith(strings.NewReader(""), nil, args...)
		if bad := raw(got.stdout + got.stderr); bad != nil {
			t.Errorf("%q: %U in %q and %q", args, bad, got.stdout, got.stderr)
		}
		if got.stdout+got.stderr == "" {
			t.Errorf("%q said nothing", args)
		}
	}
}

// TestNamesFromPacketsNeverReachATerminalRaw is the same of what packets say: names asked
// for and spoken, hosts, and certificates.
func TestNamesFromPacketsNeverReachATerminalRaw(t *testing.T) {
	b, err := hostile.Capture()
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, t.TempDir(), hostile.File, b)
	for _, args := range [][]string{
		{path}, {"-v", path}, {"--all", "-v", path}, {"--json", "--all", path}, {"--explain", "f1", path}, {"--explain", "f2", path},
		{"--explain", "c000008", path}, {"--why-not", "whatsapp", path}, {"--redact", path}, {"--redact", "--json", "--all", path},
	} {
		got := outside(append([]string{"analyze"}, args...)...)
		if got.code != 0 {
			t.Errorf("%q: exit code %d: %s", args[:len(args)-1], got.code, got.stderr)
		}
		if bad := raw(got.stdout + got.stderr); bad != nil {
			t.Errorf("%q: %U", args[:len(args)-1], bad)
		}
		for _, l := range strings.Split(got.stdout, "\n") {
			if !slices.Contains(args, "--json") && len(l) > 4000 {
				t.Errorf("%q: a line of %d bytes: %.100s…", args[:len(args)-1], len(l), l)
			}
		}
	}
	if got := outside("analyze", "--json", "--all", path); !strings.Contains(got.stdout, "owned=1") {
		t.Error("no attack gets as far as the output: this tests nothing")
	}
}
