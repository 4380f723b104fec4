package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/confine"
)

// runInside runs the command with all it has, and has two places inside the engine
// say on stderr what they may do: the goroutine that reads, before the first
// packet, and the one that tells of flows.
func runInside() int {
	return interruptible(func(ctx context.Context) int {
		a := newApp(os.Stdin, os.Stdout, os.Stderr)
		a.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, o classify.Options) (classify.Stats, error) {
			return classify.Run(ctx, &asked{Source: src}, &asking{Sink: sink}, o)
		}
		return a.run(ctx, os.Args[1:])
	})
}

// asked says what may be done where a source is read.
type asked struct {
	capture.Source
	once sync.Once
}

func (s *asked) Read(b *capture.Batch) error {
	s.once.Do(func() { sayRights("reading") })
	return s.Source.Read(b)
}

// asking says what may be done where flows are told of.
type asking struct {
	classify.Sink
	once sync.Once
}

func (s *asking) Flow(f *fact.Flow, ids []string) error {
	s.once.Do(func() { sayRights("telling") })
	return s.Sink.Flow(f, ids)
}

// sayRights says what the process and the calling thread may do.
func sayRights(where string) {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "inside: "+where+": "+format+"\n", args...) }
	threads, err := confine.Status()
	bare := 0
	for _, t := range threads {
		if t.Bare() {
			bare++
		}
	}
	say("threads %t, bare %t, %v", len(threads) > 1, bare == len(threads), err)
	_, err = os.Open("/etc/hostname")
	say("open: %v", err)
	_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	say("socket: %v", err)
	program := exec.Command("/bin/true")
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr // or it would fail to open /dev/null
	say("execute: %v", program.Run())
}

// TestNoRightsInside: when the first packet is read, and where it is worked on,
// nothing is left of root.
func TestNoRightsInside(t *testing.T) {
	n := needRoot(t)
	for _, backend := range []string{"tcx", "clsact", "afpacket"} {
		t.Run(backend, func(t *testing.T) {
			r := startedAs(t, "inside", n, "-i", "lo", "--json", "--all", "--workers", "2", "--backend", backend)
			talk(t, n)
			got := r.ends(t)
			want := ""
			for _, where := range []string{"reading", "telling"} {
				want += "inside: " + where + ": threads true, bare true, <nil>\n" +
					"inside: " + where + ": open: open /etc/hostname: permission denied\n" +
					"inside: " + where + ": socket: operation not permitted\n" +
					"inside: " + where + ": execute: fork/exec /bin/true: permission denied\n"
			}
			said := ""
			for line := range strings.Lines(got.stderr) {
				if strings.HasPrefix(line, "inside: ") {
					said += line
				}
			}
			if got.code != exitDone || said != want {
				t.Errorf("code %d, said\n%swant\n%s%s", got.code, said, want, got.stderr)
			}
		})
	}
}
