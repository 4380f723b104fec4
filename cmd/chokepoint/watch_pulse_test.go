package main

import (
	"strings"
	"testing"
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
