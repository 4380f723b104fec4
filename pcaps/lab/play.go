package lab

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"time"

	"chokepoint/pcaps/lab/netns"
)

// settle is how long hosts may still say good-bye after a scenario's last second:
// what the middlebox holds arrives, kernels close.
const settle = 300 * time.Millisecond

// Missing returns what this process lacks to play a scenario, in words; nothing
// is missing for one in simulated time.
func Missing(s *Scenario) (lacks []string) {
	if s.Play == nil {
		return nil
	}
	lacks = netns.Missing()
	for _, command := range s.Needs {
		if _, err := exec.LookPath(command); err != nil {
			lacks = append(lacks, "command "+command)
		}
	}
	return lacks
}

// Play plays a scenario and returns what was recorded. With real stacks it takes
// Lasts and a little more and is stopped early by ctx; the seed decides
// everything that is random in the middlebox, not the kernel's timing. In
// simulated time the same seed gives the same bytes.
func Play(ctx context.Context, s *Scenario, seed uint64) (*Recording, error) {
	return PlayBeside(ctx, s, seed, Beside{})
}

// PlayBeside is Play with something done beside it, where the stacks are real.
func PlayBeside(ctx context.Context, s *Scenario, seed uint64, beside Beside) (r *Recording, err error) {
	if s.Play == nil {
		r, err = playScript(ctx, s, seed, beside.Weather)
	} else {
		r, err = playReal(ctx, s, seed, beside)
	}
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", s.Name, err)
	}
	return r, nil
}

func playReal(ctx context.Context, s *Scenario, seed uint64, beside Beside) (*Recording, error) {
	w, err := newWorld(ctx, seed, beside)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s.Play(w)
	beside.Weather.over(w)
	captures, err := w.run(s.Lasts)
	if err != nil {
		return nil, err
	}
	r := &Recording{Scenario: s, Seed: seed, Notes: w.Notes(), Files: map[string][]byte{}, Truth: s.Truth, Taken: captures, Late: w.late()}
	for _, file := range slices.Sorted(maps.Keys(captures)) {
		c := captures[file]
		if c.Dropped > 0 {
			return nil, fmt.Errorf("%s: the recorder lost %d frames: the machine was too busy", file, c.Dropped)
		}
		if recorded(s, file) {
			if r.Files[file], err = c.PCAPNG("eth0", w.Keep); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return r, r.complete(s, w.Log())
}

// recorded reports whether a scenario wants a capture kept: it says where each
// was taken.
func recorded(s *Scenario, file string) bool {
	_, ok := s.Truth.Vantage[file]
	return ok
}
