package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"chokepoint/capture"
	"chokepoint/cmd/internal/progress"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/packets"
	"chokepoint/cmd/internal/report/slice"
)

// again is what is made of a capture by a second look at its packets, once it is known
// which of them matter.
type again struct {
	slices *slice.Slices
	dir    string // of the slices
}

// reports are told what the first run finds.
func (g *again) reports() []report.Report {
	if g == nil {
		return nil
	}
	return []report.Report{g.slices}
}

// again prepares the second look at the nth capture, nil where nothing asks for one.
func (an *analysis) again(n int) *again {
	if an.sliceDir == "" {
		return nil
	}
	g := &again{slices: slice.New(an.hide), dir: an.sliceDir}
	if an.several {
		g.dir = filepath.Join(g.dir, strconv.Itoa(n))
	}
	return g
}

// rereadable refuses what asks for a second look where none is possible.
func (an *analysis) rereadable(ins []input) error {
	if an.sliceDir == "" {
		return nil
	}
	for _, in := range ins {
		if err := in.rereadable(); err != nil {
			return fmt.Errorf("%s: %w", report.Text(in.name), err)
		}
	}
	return nil
}

// look reads a capture once more, as far as the first run came, and writes what is made
// of its packets. What is wrong with the input was told the first time.
func (an *analysis) look(ctx context.Context, g *again, in input, limit uint64) {
	defer an.caught(in.name)
	takers := g.slices.Takers()
	src, err := in.open(ctx, an.stdin, an.live)
	if err != nil {
		an.unreadable(err)
		return
	}
	defer src.Close()
	if len(takers) > 0 {
		an.pass(ctx, in.name, packets.NewGather(src, 0, max(limit, 1), takers...), src)
	}
	n, err := g.slices.Write(g.dir, src.Interfaces())
	if err != nil {
		an.out.fail(fmt.Errorf("write slices: %w", err))
		return
	}
	an.log.Info().Int("slices", n).Int("left_out", g.slices.LeftOut()).
		Msgf("%s: %d slices written to %s", report.Text(in.name), n, report.Text(g.dir))
}

// pass lets the packets of a capture pass.
func (an *analysis) pass(ctx context.Context, name string, through capture.Source, src *source) {
	if an.progress {
		stop := progress.Start(an.stderr, name, func() progress.Figures {
			done, total := src.Progress()
			return progress.Figures{Done: done, Total: total, Packets: src.packets.Load()}
		})
		defer stop()
	}
	var b capture.Batch
	for ctx.Err() == nil {
		err := through.Read(&b)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			return // as the first time
		}
	}
}
