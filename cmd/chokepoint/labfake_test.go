package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
	"chokepoint/pcaps/truth"
)

// resetTruth is of a scene in which packets 11 and 27 are injected.
func resetTruth() truth.Truth {
	return truth.Truth{
		What:    "the hello to WhatsApp draws one forged RST,ACK toward the client, which beats the server's answer; the hello itself reaches the server",
		Where:   "a box four hops from the client, beyond the home router",
		Vantage: map[string]string{clientFile: "host", serverFile: "server"},
		Services: map[string][]string{
			"whatsapp": {"blocked"},
		},
		Finds: []truth.Must{{Kinds: []finding.Kind{finding.ResetInjected}, Service: "whatsapp", AtLeast: finding.Likely}},
		Seed:  1,
		Done: []truth.Deed{
			{Rule: "race", What: "injected", Dir: "down", N: 2, Packets: map[string][]uint64{clientFile: {11, 27}}},
			{Rule: "link", What: "lost", Dir: "up", N: 3},
		},
	}
}

func benignTruth() truth.Truth {
	return truth.Truth{What: "a server closes with unread data and so resets its own connection", Where: "the server",
		Vantage: map[string]string{clientFile: "host"}}
}

// wrote is what a fake recording was told to write.
type wrote struct{ dirs []string }

func (w *wrote) to(files map[string][]byte) func(string, keepOptions) error {
	return func(dir string, opt keepOptions) error {
		w.dirs = append(w.dirs, filepath.Base(dir))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for name, b := range files {
			if opt.compress {
				name += ".zst"
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				return err
			}
		}
		return os.WriteFile(filepath.Join(dir, "truth.yaml"), []byte("what: x\n"), 0o600)
	}
}

// fakeScene is a scene that needs nothing and is over at once.
func fakeScene(name string, t truth.Truth, w *wrote) scene {
	files := map[string][]byte{clientFile: capturedAt(1, 2, 3), serverFile: capturedAt(1, 2)}
	return scene{
		name: name, cases: []string{"F2", "F25"}, truth: t, lasts: 4 * time.Second, real: true,
		missing: func() []string { return nil },
		play: func(ctx context.Context, _ uint64) (*recording, error) {
			notes := []string{"web.whatsapp.com: connection reset by peer", "web.whatsapp.com: connection reset by peer", "mmg.whatsapp.net: connection reset by peer"}
			return &recording{files: files, truth: t, notes: notes, write: w.to(files)}, ctx.Err()
		},
	}
}

// scenes of the fake lab: one guilty, its twin, one in simulated time.
func fakeScenes(w *wrote) []scene {
	twin := fakeScene("reset-by-server", benignTruth(), w)
	twin.cases, twin.needs = []string{"B1"}, []string{"nft"}
	slow := fakeScene("residual", resetTruth(), w)
	slow.cases, slow.real, slow.lasts = []string{"F23"}, false, 95*time.Second
	return []scene{fakeScene("reset-race", resetTruth(), w), twin, slow}
}

// accuse is a run that finds the reset of WhatsApp in packets that the truth has.
func accuse(v finding.Verdict, packets ...uint64) func(classify.Sink) error {
	return func(s classify.Sink) error {
		f := finding.Finding{ID: "f1", Service: "whatsapp", Kind: finding.ResetInjected, Verdict: v, Proto: "tcp",
			Segment: finding.ServerSide, Packets: packets,
			Summary: "RST claims to come from 157.240.205.60 but arrived 2.5 ms after the hello it acknowledges; the path needs 42.5 ms"}
		if err := s.Finding(&f); err != nil {
			return err
		}
		return s.Service(&answer.Service{Service: "whatsapp", Name: "WhatsApp", Status: answer.Blocked, Works: "no", Cause: "interference",
			Sentence: "WhatsApp: 2 of 2 connections reset by neither end", Findings: []string{"f1"}})
	}
}

func quietly(s classify.Sink) error {
	return s.Service(&answer.Service{Service: "whatsapp", Name: "WhatsApp", Status: answer.OK, Works: "yes", Cause: "none", Sentence: "WhatsApp: chat works"})
}

// labApp is a command with a fake lab and the real table.
func labApp(tell func(classify.Sink) error, scenes []scene) (*app, *bytes.Buffer, *bytes.Buffer) {
	a, stdout, stderr := testApp(strings.NewReader(""), tell)
	a.table = func(w io.Writer, opt table.Options) report.Report { return table.New(w, opt) }
	a.lab = labDoor{
		scenes:   func() ([]scene, error) { return scenes, nil },
		rootless: func() bool { return true },
		program:  "chokepoint",
	}
	return a, stdout, stderr
}

// inLab runs a command in the fake lab.
func inLab(tell func(classify.Sink) error, args ...string) told {
	return labWith(tell, fakeScenes(&wrote{}), args...)
}

func labWith(tell func(classify.Sink) error, scenes []scene, args ...string) told {
	a, stdout, stderr := labApp(tell, scenes)
	code := a.run(context.Background(), append([]string{"lab"}, args...))
	return told{code, stdout.String(), stderr.String()}
}

// checkPage holds the limits of the lab's screens.
func checkPage(t *testing.T, text string, maxLines int) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > maxLines {
		t.Errorf("%d lines", len(lines))
	}
	for i, l := range lines {
		if w := columnsOf(l); w > labColumns {
			t.Errorf("line %d has %d columns: %s", i+1, w, l)
		}
		if strings.HasSuffix(l, " ") {
			t.Errorf("line %d ends in a blank: %q", i+1, l)
		}
		for _, r := range l {
			if !unicode.IsPrint(r) {
				t.Errorf("line %d has %U", i+1, r)
			}
		}
	}
}

// goldenPage compares a screen with the one that was recorded.
func goldenPage(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "lab-"+name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; make golden, and read the diff:\n%s", path, got)
	}
}
