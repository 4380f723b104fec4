package main

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify"
)

func TestThePulseIsForWhoAsks(t *testing.T) {
	run := func(args ...string) told {
		w := newWatch(nil, step{now: 1, packets: 1}, step{now: 2}, step{now: 3})
		return w.do(append([]string{"-i", "eth0", "--duration", "3s", "--interval", "1s"}, args...)...)
	}
	got := run("-v", "--json")
	if n := strings.Count(got.stderr, `"goroutines":`); n != 3 || strings.Contains(got.stderr, `"goroutines":0`) || strings.Contains(got.stderr, `"heap":0`) {
		t.Errorf("%d times: %s", n, got.stderr)
	}
	if got := run("-v"); !strings.Contains(got.stderr, " goroutines, ") || strings.Contains(got.stderr, "goroutines=") {
		t.Errorf("in words: %s", got.stderr)
	}
	if got := run("--json"); strings.Contains(got.stderr, "goroutines") {
		t.Errorf("unasked: %s", got.stderr)
	}
}

// What a watch takes by default is what an analysis does.
func TestMemoryOfWatch(t *testing.T) {
	var memory int64
	run := func(args ...string) int64 {
		w := newWatch(nil, step{now: 1})
		w.app.analyze = func(_ context.Context, src capture.Source, _ classify.Sink, opt classify.Options) (classify.Stats, error) {
			memory = opt.Memory
			if limit := debug.SetMemoryLimit(-1); limit != memory+beside {
				t.Errorf("the heap's limit is %d, the budget %d", limit, memory)
			}
			return classify.Stats{}, nil
		}
		if got := w.do(append([]string{"-i", "eth0"}, args...)...); got.code != exitDone {
			t.Errorf("%+v", got)
		}
		return memory
	}
	if got := run(); heapLimit(got) != classify.DefaultMemory {
		t.Errorf("%d by default", got)
	}
	if got := run("--memory", "1G"); got != 1<<30 {
		t.Errorf("%d of 1G", got)
	}
}
