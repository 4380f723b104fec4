package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"syscall"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/cmd/internal/progress"
	"chokepoint/cmd/internal/report"
)

// analysis is what the captures of one command have in common, and what came of
// them so far.
type analysis struct {
	*app
	opt        classify.Options
	expression string
	only       []string
	out        *sticky
	report     func() report.Report // a new one for each capture
	progress   bool                 // show it
	live       bool                 // --plan live
	exitCodes  bool                 // --exit-code
	again      again
	redacting

	torn   bool // some input was not read to its end
	fault  bool // of our own
	answer int  // the gravest exit code of --exit-code
}

// capture analyses one capture. It recovers from faults of our own, so that the
// next one has its turn.
func (an *analysis) capture(ctx context.Context, in input) {
	defer an.caught(in.name)
	src, err := in.open(ctx, an.stdin, an.live)
	if err != nil {
		an.again.missed()
		an.unreadable(err)
		return
	}
	defer src.Close()
	an.begin(src)
	meta := describe(in, src, an.opt.Vantage, an.expression, an.opt.Rules)
	if an.live {
		planned(meta)
	}
	an.tell(meta, an.again.begin(&an.redacting), func(sink classify.Sink) (classify.Stats, error) { return an.read(ctx, in.name, src, sink) })
	if an.out.err == nil && ctx.Err() == nil {
		an.look(ctx, in, src.packets.Load())
	}
}

// caught is deferred: it takes up a fault of our own.
func (an *analysis) caught(name string) {
	if p := recover(); p != nil {
		an.fault = true
		an.log.Error().Str("file", report.Text(name)).Bytes("stack", debug.Stack()).
			Msgf("%s: a fault of chokepoint, please report it: %s", report.Text(name), report.Text(fmt.Sprint(p)))
	}
}

// tell reports one run, from meta to what was counted, to others as well.
func (an *analysis) tell(meta *report.Meta, others []report.Report, run func(classify.Sink) (classify.Stats, error)) {
	rep := an.shared(an.report())
	if len(others) > 0 {
		rep = append(report.Tee{rep}, others...)
	}
	if rep.Begin(meta) != nil {
		return // an.out knows why
	}
	counts := newTally(rep, an.opt.Expect)
	var sink classify.Sink = counts
	if len(an.only) > 0 {
		sink = only{counts, an.only}
	}
	stats, err := run(sink)
	if an.out.err != nil {
		return
	}
	end := rep.End(&stats)
	an.answer = graver(an.answer, counts.exitCode())
	switch {
	case err != nil:
		an.unreadable(err)
	case end != nil && an.out.err == nil:
		panic(end) // a record that cannot be encoded
	}
}

// read does the run, with its progress and its speed.
func (an *analysis) read(ctx context.Context, name string, src *source, sink classify.Sink) (classify.Stats, error) {
	defer an.showProgress(name, src)()
	began := an.now()
	stats, err := an.analyze(ctx, src, sink, an.opt)
	seconds := max(an.now().Sub(began).Seconds(), 1e-6)
	packets := src.packets.Load()
	an.log.Info().Uint64("packets", packets).Float64("seconds", seconds).Int("workers", an.opt.Workers).
		Msgf("%s: %d packets in %.2f s, %s packets/s, %d workers",
			report.Text(name), packets, seconds, progress.SI(float64(packets)/seconds), an.opt.Workers)
	return stats, err
}

// showProgress shows how far reading has come until what it returns is called.
func (an *analysis) showProgress(name string, src *source) (stop func()) {
	if !an.progress {
		return func() {}
	}
	return progress.Start(an.stderr, name, func() progress.Figures {
		done, total := src.Progress()
		return progress.Figures{Done: done, Total: total, Packets: src.packets.Load()}
	})
}

// unreadable reports why input could not be read to its end.
func (an *analysis) unreadable(err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			an.unreadable(e)
		}
		return
	}
	an.torn = true
	if errors.Is(err, context.Canceled) {
		return // the user knows; result says it
	}
	event := an.log.Error()
	var at *pcapfile.FileError
	if errors.As(err, &at) {
		event = event.Str("file", report.Text(at.Name)).Int64("byte", at.Offset).Uint64("packets", at.Packets)
	}
	event.Msg(report.Text(err.Error()))
}

// result says how it went, as an error with an exit code: our own faults first,
// then what --exit-code asks for, then torn input.
func (an *analysis) result(ctx context.Context) error {
	if ctx.Err() != nil {
		an.torn = true
		an.log.Warn().Msg("interrupted: the answer covers what was read until then")
	}
	switch err := an.out.err; {
	case errors.Is(err, syscall.EPIPE):
		return nil // whoever read our output has had enough
	case err != nil:
		an.log.Error().Msg(report.Text("write output: " + err.Error()))
		return exit(exitFault)
	case an.fault:
		return exit(exitFault)
	case an.exitCodes && an.answer != exitDone:
		return exit(an.answer)
	case an.torn:
		return exit(exitInput)
	}
	return nil
}

// fail takes up an error of other output.
func (s *sticky) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// sticky remembers the first error of a writer: it tells output that cannot be
// written from input that cannot be read, whoever returns it.
type sticky struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (s *sticky) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}
