package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/confine"
)

// childEnv turns the test program into the command: what is tested of terminals,
// signals and privileges takes a process of its own.
const childEnv = "CHOKEPOINT_TEST_CHILD"

func TestMain(m *testing.M) {
	switch how := os.Getenv(childEnv); how {
	case "":
		os.Exit(m.Run())
	case "bare": // without privileges
		if _, err := confine.Drop(confine.Allow{Read: []string{"/"}}); err != nil {
			panic(err)
		}
		fallthrough
	case "real":
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	case "inside":
		os.Exit(runInside())
	default:
		if isLess, err := lessen(how); err != nil {
			panic(err)
		} else if isLess {
			os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		}
		os.Exit(runMade(how))
	}
}

// runMade runs watch over a made source, with the real terminal: "calm" is idle
// until it ends, "fault" panics once time has got on, "stuck" does not heed an
// interrupt.
func runMade(how string) int {
	w := newWatch(answered("max", answer.OK, "none"))
	real := openWatch()
	w.app.watch.size, w.app.watch.keys = real.size, real.keys
	w.app.stdin, w.app.stdout, w.app.stderr = os.Stdin, os.Stdout, os.Stderr
	screen := newApp(nil, nil, nil)
	w.app.table = screen.table
	idle := func() { time.Sleep(20 * time.Millisecond) }
	for i := range 2000 { // 40 s: nobody waits as long
		w.src.steps = append(w.src.steps, step{now: float64(i) / 4, do: idle})
	}
	switch how {
	case "fault":
		w.src.steps[20].do = func() { panic("boom") }
	case "stuck":
		w.app.analyze = func(_ context.Context, src capture.Source, _ classify.Sink, _ classify.Options) (classify.Stats, error) {
			var b capture.Batch
			for src.Read(&b) == nil {
			}
			time.Sleep(time.Minute)
			return classify.Stats{}, errors.New("nobody killed it")
		}
	}
	return interruptible(func(ctx context.Context) int { return w.run(ctx, os.Args[1:]) })
}
