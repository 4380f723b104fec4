package main

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// ran is a contender whose runs are over.
func ran(name string, packets int, costs ...cost) *contender {
	return &contender{name: name, packets: packets, rounds: len(costs), costs: costs}
}

func TestVerdicts(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name           string
		one, two, loop cost
		want           []string // the first word of each line
	}{
		{"all budgets kept", cost{s, 16 * s / 10, 100 << 20}, cost{s, s, 100 << 20}, cost{s, s, 1}, []string{"ok", "ok", "ok", "ok"}},
		{"slow, but the machine is slow too", cost{2 * s, 2 * s, 1}, cost{2 * s, s, 1}, cost{s, s, 1}, []string{"ok", "ok", "ok", "ok"}},
		{"slow", cost{3 * s, 3 * s, 1}, cost{3 * s, s, 1}, cost{s, s, 1}, []string{"MISS", "ok", "ok", "ok"}},
		{"one worker takes too much memory", cost{s, 2 * s, 201 << 20}, cost{s, s, 1}, cost{s, s, 1}, []string{"ok", "MISS", "ok", "ok"}},
		{"two workers take too much memory", cost{s, 2 * s, 1}, cost{s, s, 201 << 20}, cost{s, s, 1}, []string{"ok", "ok", "MISS", "ok"}},
		{"two workers help little", cost{s, 15 * s, 1}, cost{s, 10 * s, 1}, cost{s, s, 1}, []string{"ok", "ok", "ok", "MISS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			verdicts(&out, []*contender{ran(oneWorker, 2e6, c.one), ran(twoWorkers, 2e6, c.two), ran(yardstick, 2e6, c.loop)})
			var got []string
			for line := range strings.Lines(out.String()) {
				got = append(got, strings.Fields(line)[0])
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v:\n%s", got, c.want, out.String())
			}
		})
	}
}

func TestTheTablePrintsRatesAndRatios(t *testing.T) {
	var out strings.Builder
	table(&out, []*contender{ran(oneWorker, 3e6, cost{2 * time.Second, 3 * time.Second, 5 << 20}), ran(yardstick, 3e6, cost{time.Second, time.Second, 1 << 20})})
	if got := strings.Fields(strings.Split(out.String(), "\n")[1]); !slices.Equal(got[4:], []string{"1.500", "0.50", "2.00", "3.00", "5"}) {
		t.Errorf("got %q", got)
	}
}

func TestContendersRunInTurn(t *testing.T) {
	var order []string
	entry := func(name string, rounds int) *contender {
		return &contender{name: name, rounds: rounds, command: func() *exec.Cmd {
			order = append(order, name)
			return child(t, "nothing")
		}}
	}
	all := []*contender{entry("a", 2), entry("b", 1)}
	if err := race(all, 2); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []string{"a", "a", "b", "b", "a", "a"}) || len(all[0].costs) != 2 || len(all[1].costs) != 1 {
		t.Errorf("ran %v", order)
	}
	failing := &contender{rounds: 1, command: func() *exec.Cmd { return child(t, "fail") }}
	if err := race([]*contender{failing}, 1); err == nil || !errors.As(err, new(*exec.ExitError)) {
		t.Errorf("a contender failed, and the race said %v", err)
	}
}
