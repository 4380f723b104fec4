package lab

import (
	"context"
	"time"

	"chokepoint/pcaps/lab/script"
)

// scripted is when scenarios in simulated time begin.
var scripted = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// playScript plays a scenario in simulated time.
func playScript(ctx context.Context, s *Scenario, seed uint64, on Weather) (*Recording, error) {
	w := script.New(seed, scripted)
	w.Weather(on.Loss, on.Reorder, overtaken)
	s.Script(w)
	w.Run(s.Lasts)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files, err := w.Files()
	if err != nil {
		return nil, err
	}
	r := &Recording{Scenario: s, Seed: seed, Notes: w.Notes(), Files: files, Truth: s.Truth}
	return r, r.complete(s, w.Log())
}
