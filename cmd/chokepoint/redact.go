package main

import (
	"errors"

	"chokepoint/classify"
	"chokepoint/cmd/internal/redact"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/board"
	"chokepoint/cmd/internal/report/html"
	"chokepoint/cmd/internal/report/slice"
)

// redactFlags ask for an output that can be shown to others.
type redactFlags struct {
	redact, keepTime bool
}

// sensible refuses what would not be redacted.
func (f *analyzeFlags) sensible() error {
	_, _, asked := f.asked()
	switch {
	case f.keepTime && !f.redact && (f.html == "" || f.full):
		return errors.New("--keep-time is for what is redacted: without --redact all times are kept")
	case f.redact && f.full:
		return errors.New("--full says that the page is not redacted, --redact that all is")
	case f.redact && asked:
		return errors.New("--explain and --why-not show packets as they are: leave --redact out, or keep the page to yourself")
	}
	return nil
}

// redacting is what makes output fit to be shown to others.
type redacting struct {
	all      bool                    // --redact: all output, not only a page
	renew    func() *redact.Redactor // nil: nothing is redacted
	redactor *redact.Redactor        // of this capture
}

// hide has what is told redacted, if that is asked for: by one redactor for each
// capture, all under one key, so that an end is called the same in all of them.
func (an *analysis) hide(f *analyzeFlags) {
	if !f.redact && (f.html == "" || f.full) {
		return
	}
	key := redact.NewKey()
	an.renew = func() *redact.Redactor {
		return redact.New(an.opt.Rules, redact.Options{Key: key, KeepTime: f.keepTime})
	}
	an.all, an.redactor = f.redact, an.renew()
	if f.redact {
		an.log.Warn().Msg("redacted: who runs the network, and has flow logs, can still match sizes and gaps to a subscriber")
	}
}

// begin begins with a capture that is read from its beginning.
func (r *redacting) begin(src *source) {
	if r.redactor == nil {
		return
	}
	r.redactor = r.renew()
	if len(src.ahead.Packets) > 0 {
		r.redactor.Begin(src.ahead.Packets[0].Time)
	}
}

// shared returns what is told in place of what rep would be.
func (r *redacting) shared(rep report.Report) report.Report {
	if !r.all {
		return rep
	}
	return r.redactor.Wrap(rep)
}

// ofPage is what redacts a page, nil unless it is to be.
func (r *redacting) ofPage(full bool) html.Redactor {
	if r.redactor == nil || full {
		return nil
	}
	return r.redactor
}

// ofSlices is what redacts slices, nil unless they are to be.
func (r *redacting) ofSlices() slice.Hider {
	if !r.all {
		return nil
	}
	return r.redactor
}

// counted is what is told of what was counted so far.
func (r *redacting) counted(s *classify.Stats) *classify.Stats {
	if !r.all {
		return s
	}
	return r.redactor.Stats(s)
}

// moment passes on how far a live capture has got, in the times that are told.
func (r *redacting) moment(reached func(board.Moment)) func(board.Moment) {
	if !r.all {
		return reached
	}
	return func(m board.Moment) {
		m.First, m.Now = r.redactor.Time(m.First), r.redactor.Time(m.Now)
		reached(m)
	}
}
