package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/cmd/internal/report/explain"
)

// whyFlags ask for everything about one thing.
type whyFlags struct {
	explain, whyNot string
}

// asked is what they ask for, and whether they do.
func (f *whyFlags) asked() (x string, whyNot, yes bool) {
	if f.whyNot != "" {
		return f.whyNot, true, true
	}
	return f.explain, false, f.explain != ""
}

// explaining is what --explain and --why-not need to be done.
type explaining struct {
	*analysis
	in     input
	target explain.Target
	whyNot bool
}

// explainable refuses what cannot be explained, before anything is read: the
// packets are read a second time, and ids are of one capture.
func (an *analysis) explainable(f *analyzeFlags, ins []input) (*explaining, error) {
	x, whyNot, _ := f.asked()
	e := &explaining{analysis: an, target: explain.Parse(x), whyNot: whyNot}
	switch {
	case f.json:
		return nil, errors.New("--explain and --why-not tell a person, in text: leave --json out, the records have all figures")
	case f.html != "" || f.slice != "":
		return nil, errors.New("--explain and --why-not tell of one thing, --html and --slice of all: one after the other")
	case len(ins) != 1:
		return nil, fmt.Errorf("%s is of one capture, and there are %d here: name one file, or join the files of a directory by --join", x, len(ins))
	case e.target.Sort == explain.Service:
		an.opt.Expect = append([]string{e.target.Word}, an.opt.Expect...)
		known := analyzeFlags{expect: []string{x}}
		if err := known.known(an.opt.Rules); err != nil {
			return nil, fmt.Errorf("%w; a finding is f3, a flow c000123, a packet 123", err)
		}
	}
	e.in = ins[0]
	return e, e.in.rereadable()
}

// rereadable refuses what can be read only once.
func (in input) rereadable() error {
	if in.files != nil {
		return nil
	}
	if in.name != stdinName {
		info, err := os.Stat(in.name)
		if err != nil || info.Mode().IsRegular() {
			return nil // what is wrong with it is told when it is read
		}
	}
	return errors.New("the packets are read a second time, which a pipe does not allow: keep the capture in a file first " +
		"(live: watch --record FILE), and name that")
}

// explain answers --explain and --why-not.
func (an *analysis) explain(ctx context.Context, f *analyzeFlags, ins []input) error {
	e, err := an.explainable(f, ins)
	if err != nil {
		return err
	}
	if err := e.run(ctx); err != nil {
		return err
	}
	return an.result(ctx)
}

// run reads the capture twice and prints the page.
func (e *explaining) run(ctx context.Context) error {
	defer e.caught(e.in.name)
	first := explain.NewFirst(e.target)
	counts := newTally(first, e.opt.Expect)
	stats, err := e.pass(ctx, first.Source, counts, nil, nil)
	e.answer = graver(e.answer, counts.exitCode())
	if err != nil {
		e.unreadable(err)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := first.Settle(stats); err != nil {
		return err
	}
	second := first.Second()
	_, err = e.pass(ctx, second.Source, second, second.Asked(), func(src *source) {
		opt := explain.Options{WhyNot: e.whyNot}
		if e.in.files != nil {
			opt.Locate = src.locate
		}
		_ = explain.Write(e.out, second, opt) // e.out keeps the error
	})
	_ = err // what is wrong with the input was told the first time
	return nil
}

// pass is one run over the capture, and what is to be done while it is open.
func (e *explaining) pass(ctx context.Context, through func(capture.Source) capture.Source, sink classify.Sink,
	asked *classify.Asked, then func(*source)) (classify.Stats, error) {
	src, err := e.in.open(ctx, e.stdin, e.live)
	if err != nil {
		return classify.Stats{}, err
	}
	defer src.Close()
	run, world := *e.analysis, *e.app
	run.app, run.opt.All, run.opt.Asked = &world, true, asked
	world.analyze = func(ctx context.Context, s capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		return e.app.analyze(ctx, through(s), sink, opt)
	}
	stats, err := run.read(ctx, e.in.name, src, sink)
	if then != nil {
		then(src)
	}
	return stats, err
}
