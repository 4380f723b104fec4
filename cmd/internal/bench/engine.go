package main

import (
	"context"
	"errors"
	"io"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/cmd/internal/heap"
	reports "chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/jsonl"
)

// measured are the detectors whose cost is told by itself: all that follows rates and
// calls.
const measured = classify.Rates | classify.Calls

// engine does with a file what "analyze --json --workers 1" does, without some groups
// of detectors.
func engine(path string, out io.Writer, without classify.Group) error {
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return err
	}
	defer src.Close()
	defer heap.Within(classify.DefaultMemory)()
	rep := jsonl.New(out)
	if err := rep.Begin(&reports.Meta{Tool: "bench", Files: []reports.File{{Name: path}}}); err != nil {
		return err
	}
	stats, err := classify.Run(context.Background(), src, rep, classify.Options{Workers: 1, Without: without})
	return errors.Join(err, rep.End(&stats))
}
