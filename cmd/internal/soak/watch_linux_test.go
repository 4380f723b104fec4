package soak

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chokepoint/pcaps/lab/replay"
)

// patience is how long the program may take for what it does at once.
const patience = 60 * time.Second

// watch is the program under way.
type watch struct {
	cmd     *exec.Cmd
	ended   chan struct{}
	records map[string]int // by type
	last    stats

	mu    sync.Mutex
	pulse Sample   // what it said last of itself
	said  []string // the rest of it
}

// stats is the last record.
type stats struct {
	Packets, Flows, Evicted, Findings uint64
	LostByKernel                      uint64 `json:"lost_by_kernel"`
	LostByUs                          uint64 `json:"lost_by_us"`
	Unseen                            uint64 // counted and not looked at
}

// missed is what passed and was not delivered.
func (s stats) missed() uint64 { return s.LostByKernel + s.LostByUs + s.Unseen }

// built returns the path of the program.
func built(t *testing.T) string {
	t.Helper()
	if *program != "" {
		path, err := filepath.Abs(*program)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "chokepoint")
	build := exec.Command("go", "build", "-o", path, "./cmd/chokepoint")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// root is where the repository is.
const root = "../../.."

// begin starts it at the near end, and returns when it listens.
func begin(t *testing.T, rig *replay.Rig, path string, pace time.Duration, args ...string) *watch {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	w := &watch{ended: make(chan struct{}), records: map[string]int{}}
	w.cmd = exec.Command(path, append([]string{"watch", "-i", replay.Watched, "--json", "-v", "--interval", pace.String(), "--ready-file", ready}, args...)...)
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rig.Near.Do(w.cmd.Start); err != nil {
		t.Fatal(err)
	}
	var read sync.WaitGroup
	read.Go(func() { w.count(t, stdout) })
	read.Go(func() { w.hear(stderr) })
	go func() {
		defer close(w.ended)
		read.Wait()
		_ = w.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill()
		<-w.ended
	})
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			return w
		}
		select {
		case <-w.ended:
			t.Fatalf("%v: %s", w.cmd.ProcessState, w.rest())
		default:
		}
		if time.Now().After(end) {
			t.Fatal("never ready")
		}
	}
}

// count reads the records and keeps none but the last.
func (w *watch) count(t *testing.T, r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var record struct{ Type string }
		err := json.Unmarshal(lines.Bytes(), &record)
		if err == nil && record.Type == "stats" {
			err = json.Unmarshal(lines.Bytes(), &w.last)
		}
		if err != nil {
			t.Errorf("%v: %.200s", err, lines.Bytes())
		}
		w.records[record.Type]++
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

// hear reads what it says of itself.
func (w *watch) hear(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var s struct {
			Goroutines int
			Heap       int64
		}
		w.mu.Lock()
		if json.Unmarshal(lines.Bytes(), &s) == nil && s.Goroutines > 0 {
			w.pulse.Goroutines, w.pulse.Heap = s.Goroutines, s.Heap
		} else if len(w.said) < 100 {
			w.said = append(w.said, lines.Text())
		}
		w.mu.Unlock()
	}
}

func (w *watch) rest() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.said, "\n")
}

// sample looks at it until the time is over, and shows what it saw, ten lines or one
// a minute.
func (w *watch) sample(t *testing.T, play, every time.Duration) (all []Sample) {
	t.Helper()
	began, show := time.Now(), min(play/10, time.Minute)
	fmt.Printf("%8s %8s %8s %8s %11s %8s %6s %6s\n", "", "RSS MB", "anon MB", "heap MB", "goroutines", "threads", "files", "CPU %")
	for next, shown, cpu := every, time.Duration(0), int64(0); next <= play; next += every {
		time.Sleep(next - time.Since(began))
		s, err := Take(w.cmd.Process.Pid)
		if err != nil {
			t.Fatalf("it ended: %v\n%s", err, w.rest())
		}
		w.mu.Lock()
		s.Goroutines, s.Heap = w.pulse.Goroutines, w.pulse.Heap
		w.mu.Unlock()
		all = append(all, s)
		if next-shown < show {
			continue
		}
		share := float64(s.CPU-cpu) / (next - shown).Seconds()
		fmt.Printf("%8v %8d %8d %8d %11d %8d %6d %6.0f\n", next, s.RSS>>20, s.Anon>>20, s.Heap>>20, s.Goroutines, s.Threads, s.Files, share)
		shown, cpu = next, s.CPU
	}
	return all
}

// interrupt ends it as a user does, and returns its last word.
func (w *watch) interrupt(t *testing.T) stats {
	t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	select {
	case <-w.ended:
		t.Logf("ended after %v", time.Since(began).Round(time.Millisecond))
	case <-time.After(patience):
		t.Fatal("does not end")
	}
	if w.cmd.ProcessState.ExitCode() != 0 || w.records["stats"] != 1 {
		t.Errorf("%v, records %v: %s", w.cmd.ProcessState, w.records, w.rest())
	}
	return w.last
}
