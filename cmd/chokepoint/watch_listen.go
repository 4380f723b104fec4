package main

import (
	"net"
	"time"

	"github.com/rs/zerolog"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/metrics"
	"chokepoint/cmd/internal/report/web"
)

// listening is what --listen serves.
type listening struct {
	metrics *metrics.Report
	page    *web.Page
	socket  net.Listener
	server  *web.Server
}

// measure has what is told be kept as figures too.
func (w *watching) measure() {
	if w.flags.listen == "" {
		return
	}
	page := web.NewPage(func() capture.Stats { return w.src.sofar().Stats }, w.report())
	m := metrics.New(metrics.Options{Rules: w.opt.Rules, Source: w.src.sofar}, page)
	w.report = func() report.Report { return m }
	w.opt.Counted = func(s *classify.Stats) {
		s = w.counted(s)
		m.Counted(s)
		page.Counted(s)
	}
	if w.opt.Interval == 0 { // --quiet
		w.opt.Interval = w.flags.interval
	}
	w.served = &listening{metrics: m, page: page}
}

// bind opens the socket, which takes a privilege for some ports, and needs files and
// rights that are given up later. It returns what ends all of it.
func (w *watching) bind() (end func(), err error) {
	s := w.served
	if s == nil {
		return func() {}, nil
	}
	if s.socket, err = web.Listen(w.flags.at); err != nil {
		return nil, err
	}
	if !w.flags.at.Addr().IsLoopback() {
		w.log.Warn().Msgf("--listen %s: whoever gets there sees what this capture sees", w.flags.at)
	}
	s.server = web.New(s.socket, web.Options{
		Metrics: s.metrics, Page: s.page,
		Log: func(text string) { w.log.Error().Msg(report.Text("--listen: " + text)) },
	})
	return s.server.Close, nil
}

// serve begins to answer, when there is nothing left to be got by it.
func (w *watching) serve() {
	if w.served == nil {
		return
	}
	w.served.server.Start()
	if !w.flags.quiet {
		w.log.WithLevel(zerolog.NoLevel).Msgf("http://%s/ is the live page, /metrics is for Prometheus", w.served.socket.Addr())
	}
}

// reread reads the rules for a run under way.
func (w *watching) reread() (*service.Rules, error) {
	rules, err := w.rules(w.flags.services, w.flags.mine)
	if err == nil && w.served != nil {
		w.served.metrics.Know(rules)
	}
	return rules, err
}

// sofar says how far the capture has got. It may be called from any goroutine.
func (s *watched) sofar() metrics.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := metrics.Source{Stats: s.stats, Now: s.moment.Now}
	if s.latest != 0 {
		out.Last = time.Unix(0, s.latest).UTC()
	}
	return out
}
