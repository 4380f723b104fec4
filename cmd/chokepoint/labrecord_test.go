package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// tree lists what is below a folder, with its modes.
func tree(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		rel, _ := filepath.Rel(dir, path)
		out = append(out, rel+" "+info.Mode().Perm().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLabRecordWritesAFolderPerScenario(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	got := inLab(nil, "record", "-d", dir, "--jobs", "1", "--all")
	want := []string{
		"reset-by-server -rwx------", "reset-by-server/client.pcapng -rw-------", "reset-by-server/server.pcapng -rw-------", "reset-by-server/truth.yaml -rw-------",
		"reset-race -rwx------", "reset-race/client.pcapng -rw-------", "reset-race/server.pcapng -rw-------", "reset-race/truth.yaml -rw-------",
		"residual -rwx------", "residual/client.pcapng -rw-------", "residual/server.pcapng -rw-------", "residual/truth.yaml -rw-------",
	}
	if have := tree(t, dir); got.code != 0 || got.stderr != "" || !slices.Equal(have, want) {
		t.Errorf("code %d: %s, %q", got.code, got.stderr, have)
	}
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "reset-race ") || !strings.Contains(lines[0], "client.pcapng server.pcapng, 0.0 MB") ||
		lines[3] != "3 scenarios recorded in 0s, 0.0 MB, in "+dir {
		t.Errorf("got %s", got.stdout)
	}
}

func TestLabRecordLosesNobodysCaptures(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "reset-race", clientFile)
	if err := os.Mkdir(filepath.Dir(kept), 0o700); err != nil {
		t.Fatal(err)
	}
	file(t, filepath.Dir(kept), clientFile, []byte("precious"))
	w := &wrote{}
	got := labWith(nil, fakeScenes(w), "record", "-d", dir, "--all")
	if b, _ := os.ReadFile(kept); got.code != exitUsage || string(b) != "precious" || len(w.dirs) > 0 || !strings.Contains(got.stderr, "not empty: "+filepath.Dir(kept)+"; --force") {
		t.Errorf("code %d, wrote %v: %s", got.code, w.dirs, got.stderr)
	}
	// What is written leaves nothing older beside it that could be taken for it.
	got = labWith(nil, fakeScenes(w), "record", "-d", dir, "--force", "--compress", "reset-race")
	want := []string{"reset-race -rwx------", "reset-race/client.pcapng.zst -rw-------", "reset-race/server.pcapng.zst -rw-------", "reset-race/truth.yaml -rw-------"}
	if have := tree(t, dir); got.code != 0 || !slices.Equal(have, want) || !strings.Contains(got.stdout, "  client.pcapng.zst server.pcapng.zst, ") {
		t.Errorf("code %d: %s%s, %q", got.code, got.stdout, got.stderr, have)
	}
}

func TestAScenarioThatFailsDoesNotKeepTheOthersFromBeingRecorded(t *testing.T) {
	w := &wrote{}
	scenes := fakeScenes(w)
	scenes[0].play = func(context.Context, uint64) (*recording, error) { return nil, errors.New("too busy") }
	scenes[2].missing = func() []string { return []string{"command nft"} }
	scenes = append(scenes, fakeScene("last", benignTruth(), w))
	got := labWith(nil, scenes, "record", "-d", t.TempDir(), "--jobs", "1", "--all")
	if got.code != exitPrivilege || !slices.Equal(w.dirs, []string{"reset-by-server", "last"}) {
		t.Errorf("code %d, wrote %v", got.code, w.dirs)
	}
	for _, part := range []string{"reset-race: too busy\n", "residual cannot be played: this process lacks command nft", "1 scenario failed: reset-race\n"} {
		if !strings.Contains(got.stderr, part) {
			t.Errorf("stderr lacks %q: %s", part, got.stderr)
		}
	}
	if got = labWith(nil, scenes[:2], "record", "-d", t.TempDir(), "--all"); got.code != exitInput {
		t.Errorf("failed: code %d", got.code)
	}
	scenes[0].play = func(context.Context, uint64) (*recording, error) { panic("boom") }
	if got = labWith(nil, scenes[:2], "record", "-d", t.TempDir(), "--all"); got.code != exitFault || !strings.Contains(got.stderr, "boom") || !strings.Contains(got.stdout, "reset-by-server") {
		t.Errorf("a fault: code %d: %s", got.code, got.stderr)
	}
}

func TestARecordingThatCannotBeWrittenFailed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := inLab(nil, "record", "-d", dir, "reset-race"); got.code != exitInput || !strings.Contains(got.stderr, "reset-race: ") || got.stdout != "" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestLabRecordPlaysAsManyAtOnceAsItWasTold(t *testing.T) {
	const jobs = 2
	var now, most, arrived atomic.Int32
	together := make(chan struct{}) // as many as there may be have arrived
	var scenes []scene
	for _, name := range []string{"a", "b", "c", "d"} {
		s := fakeScene(name, benignTruth(), &wrote{})
		s.play = func(context.Context, uint64) (*recording, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			if arrived.Add(1) == jobs {
				close(together)
			}
			select {
			case <-together:
			case <-time.After(10 * time.Second): // they are played one after the other
			}
			return &recording{write: func(string, keepOptions) error { return nil }}, nil
		}
		scenes = append(scenes, s)
	}
	got := labWith(nil, scenes, "record", "-d", t.TempDir(), "--all", "--jobs", "2")
	if got.code != 0 || most.Load() != jobs {
		t.Errorf("code %d, %d at once: %s", got.code, most.Load(), got.stderr)
	}
}

func TestTheLongestScenarioBegins(t *testing.T) {
	w := &wrote{}
	scenes := fakeScenes(w)
	scenes[1].lasts = time.Minute
	labWith(nil, scenes, "record", "-d", t.TempDir(), "--jobs", "1", "--all")
	if !slices.Equal(w.dirs, []string{"reset-by-server", "reset-race", "residual"}) {
		t.Errorf("got %v", w.dirs)
	}
}

func TestTheLineOfRecordSaysHowLongItWillTake(t *testing.T) {
	a, _, _ := labApp(nil, nil)
	scenes := fakeScenes(&wrote{})
	r := &labRecord{app: a, total: 3, waiting: 20 * time.Second, left: make(chan *scene, 3)}
	r.jobs = 2
	r.left <- &scenes[1]
	r.playing = map[string]time.Time{"reset-race": a.now().Add(-time.Second), "residual": a.now()}
	if got := r.standing(scenes); got != "0 of 3 done, about 12s left; playing reset-race, residual" {
		t.Error(got)
	}
}

func TestTheLiveLineLeavesNothingBehind(t *testing.T) {
	var b bytes.Buffer
	drawn := make(chan struct{}, 1)
	l := startLive(&b, func() string {
		select {
		case drawn <- struct{}{}:
		default:
		}
		return strings.Repeat("long ", 40)
	})
	<-drawn
	l.aside(func() { b.WriteString("aside\n") })
	l.stop()
	text := b.String()
	for _, part := range strings.Split(text, eraseLine) {
		if columnsOf(part) >= labColumns {
			t.Errorf("%d columns: %q", columnsOf(part), part)
		}
	}
	if !strings.HasSuffix(text, eraseLine) && !strings.HasSuffix(text, "aside\n") {
		t.Errorf("the line is still there: %q", text)
	}
	startLive(nil, func() string { t.Error("drawn though there is no terminal"); return "" }).stop()
}
