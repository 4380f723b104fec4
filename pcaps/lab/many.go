package lab

import (
	"context"
	"slices"
	"sync"
)

// PlayAll plays scenarios, several at a time and the longest first, and hands each
// recording or error to done as it comes, one at a time. Playing is mostly waiting.
func PlayAll(ctx context.Context, scenarios []*Scenario, seed uint64, jobs int, done func(*Scenario, *Recording, error)) {
	PlayAllBeside(ctx, scenarios, seed, jobs, func(*Scenario) Beside { return Beside{} }, done)
}

// PlayAllBeside is PlayAll with something done beside each scenario.
func PlayAllBeside(ctx context.Context, scenarios []*Scenario, seed uint64, jobs int, beside func(*Scenario) Beside,
	done func(*Scenario, *Recording, error)) {
	order := slices.Clone(scenarios)
	slices.SortStableFunc(order, func(a, b *Scenario) int { return int(b.takes() - a.takes()) })
	left := make(chan *Scenario, len(order))
	for _, s := range order {
		left <- s
	}
	close(left)
	var mu sync.Mutex
	var work sync.WaitGroup
	for range jobs {
		work.Go(func() {
			for s := range left {
				if ctx.Err() != nil {
					return
				}
				r, err := PlayBeside(ctx, s, seed, beside(s))
				mu.Lock()
				done(s, r, err)
				mu.Unlock()
			}
		})
	}
	work.Wait()
}
