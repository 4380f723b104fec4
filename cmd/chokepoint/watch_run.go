package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/record"
	"chokepoint/classify"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/board"
)

// watching is one live capture under way.
type watching struct {
	*analysis
	flags      *watchFlags
	interfaces []string
	backend    liveBackend
	src        *watched
	board      *board.Board // nil: the output is no terminal
	wake       func()       // makes a Read that waits return
	served     *listening   // nil: nobody asked
}

// run listens until ctx is done, the time is over or the source breaks, and says
// how it went. That it was interrupted is no matter: so a live capture ends.
func (w *watching) run(ctx context.Context) error {
	w.present()
	if err := w.listen(ctx); err != nil {
		return err
	}
	return w.result(context.WithoutCancel(ctx))
}

// listen does that. The order matters: privileges are given up when everything
// that needs them is open, and the first packet, foreign bytes, is read after
// that. The errors are about what was asked for.
func (w *watching) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end, err := w.bind()
	if err != nil {
		return w.refused(err)
	}
	defer end()
	if err := w.open(); err != nil {
		return err
	}
	defer w.close()
	confined, err := w.watch.confine(w.reads(), w.writes())
	if err != nil {
		return w.refused(fmt.Errorf("give up privileges: %w", err))
	}
	w.log.Info().Msg(report.Text("confined: " + confined))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heapLimit(w.opt.Memory)))
	defer w.reloadOnHangup(w.reread)()
	w.serve()
	gone, err := announce(w.flags.ready)
	if err != nil {
		return err
	}
	defer gone()
	w.src.stop, w.src.clock = ctx.Done(), w.now
	w.capture(ctx, cancel)
	return nil
}

// present chooses how it is told: records, a table, lines, or only the end.
func (w *watching) present() {
	f := w.flags
	end := w.report // the screen, or records
	w.src = newWatched(w.interfaces)
	w.src.duration, w.src.interval = f.duration, f.interval
	w.opt.Interval = f.interval
	stderr := zerolog.SyncWriter(w.stderr) // notices come from any goroutine
	size := w.watch.size(w.stdout)
	switch {
	case f.json:
	case f.quiet:
		w.opt.Interval = 0
	case size != nil:
		if !f.paced {
			w.opt.Interval = boardInterval
		}
		w.board = board.New(w.out, board.Options{Size: size, Color: colour(w.stdout, f.noColor)}, end())
		w.report = func() report.Report { return w.board }
		w.src.reached = w.moment(w.board.Reached)
		if w.watch.size(w.stderr) != nil {
			stderr = aside{w.board, w.stderr}
		}
	default:
		lines := board.NewLines(w.out, end())
		w.report = func() report.Report { return lines }
		w.src.reached = w.moment(lines.Reached)
		w.src.checks = append(w.src.checks, lines.Health)
	}
	w.measure()
	if f.verbose && w.board == nil {
		w.src.checks = append(w.src.checks, w.pulse)
	}
	w.log = newLog(stderr, f.json, level(f.quiet, f.verbose))
}

// aside writes beside a table on the same terminal.
type aside struct {
	board *board.Board
	w     io.Writer
}

// Write implements io.Writer.
func (a aside) Write(b []byte) (n int, err error) {
	a.board.Aside(func() { n, err = a.w.Write(b) })
	return n, err
}

// open begins to listen and to record.
func (w *watching) open() error {
	f := w.flags
	src, backend, err := w.watch.open(liveWanted{interfaces: w.interfaces, backend: f.backend.value, notice: w.notice})
	if err != nil {
		return w.refused(err)
	}
	w.backend, w.wake, w.src.Source, w.src.ask = backend, src.Wake, src, src.Ask
	w.sayBackend()
	if f.record == "" {
		return nil
	}
	c := record.Config{Path: f.record, Notice: w.notice, Payload: f.payload, MaxSize: int64(f.fileSize), Keep: f.keep}
	recorded, err := w.watch.record(src, c)
	if err != nil {
		src.Close()
		return err
	}
	w.src.Source = recorded
	return nil
}

// close stops listening and ends the recording.
func (w *watching) close() {
	err := w.src.Source.Close()
	var lacks *bpf.Unavailable
	switch {
	case errors.As(err, &lacks): // given up: what is left behind lies idle
		w.log.Warn().Msg(report.Text(err.Error()))
	case err != nil:
		w.fault = true
		w.log.Error().Msg(report.Text(err.Error()))
	}
}

// notice passes on what the source has to say of its interfaces.
func (w *watching) notice(sentence string) { w.log.Warn().Msg(report.Text(sentence)) }

// sayBackend says how it listens, unless it is to be quiet, and what is lost that
// way.
func (w *watching) sayBackend() {
	b := w.backend
	for _, why := range b.why {
		w.log.Info().Msg(report.Text(why))
	}
	text := "listening on " + strings.Join(w.interfaces, ", ") + " by " + b.name
	if len(b.misses) > 0 {
		w.log.Warn().Msg(report.Text(text + "; lost by it: " + strings.Join(b.misses, "; ")))
		return
	}
	if !w.flags.quiet {
		w.log.WithLevel(zerolog.NoLevel).Msg(report.Text(text))
	}
}

// reads and writes list the folders that are still needed afterwards: rule files
// may be read again, recordings go on in further files.
func (w *watching) reads() []string  { return folders(w.flags.services...) }
func (w *watching) writes() []string { return folders(w.flags.record, w.flags.ready) }

// folders are those of the paths that are given. An editor replaces a file: what
// may be opened later is its folder's.
func folders(paths ...string) []string {
	var out []string
	for _, path := range paths {
		if path != "" {
			out = add(out, filepath.Dir(path))
		}
	}
	return out
}

// capture does the run, with the terminal as the board needs it. However it ends,
// the terminal is left as it was.
func (w *watching) capture(ctx context.Context, cancel func()) {
	defer w.caught(strings.Join(w.interfaces, ","))
	leave := w.takeKeys(cancel)
	defer leave()
	defer context.AfterFunc(ctx, leave)() // before the answer: a second interrupt kills
	w.tell(w.meta(), nil, func(sink classify.Sink) (classify.Stats, error) {
		return w.analyze(context.WithoutCancel(ctx), w.src, sink, w.opt) // the source knows when it is over
	})
}

// takeKeys lets keys be pressed while there is a board.
func (w *watching) takeKeys(cancel func()) (leave func()) {
	if w.board == nil {
		return func() {}
	}
	keys := w.watch.keys(w.stdin, func(k byte) {
		if k == 'q' {
			cancel()
			return
		}
		w.board.Key(k)
		w.wake()
	})
	if keys == nil {
		return w.board.Leave
	}
	w.board.HasKeys()
	return sync.OnceFunc(func() {
		keys()
		w.board.Leave()
	})
}

// meta describes the capture as far as it is known now.
func (w *watching) meta() *report.Meta {
	ifs := w.src.Interfaces()
	m := &report.Meta{
		Tool: "chokepoint", Version: version(), Schema: report.Schema, Expr: w.expression,
		Backend: w.backend.name, Vantage: w.opt.Vantage, Rules: report.Rules{Date: rulesDate(w.opt.Rules)},
		Health: health(ifs, w.expression), Iface: w.src.iface,
	}
	for _, name := range w.interfaces {
		f := report.File{Name: name} // without more it is not there yet
		for _, i := range ifs {
			if i.Name == name {
				describeFile(&f, []capture.Interface{i})
			}
		}
		m.Files = append(m.Files, f)
	}
	for _, miss := range w.backend.misses {
		m.Health = append(m.Health, finding.Reason{Code: "backend", Text: "lost by " + w.backend.name + ": " + miss})
	}
	return m
}
