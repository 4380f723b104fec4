package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// fromPipe reports whether one of the inputs is standard input, which may go on
// for days: long enough for rules to change.
func fromPipe(ins []input) bool {
	return slices.ContainsFunc(ins, func(in input) bool { return in.name == stdinName })
}

// reloadOnHangup has SIGHUP read the rule files again, as it does with daemons.
// Rules that are wrong are refused, and the old ones stay. It returns what ends
// it.
func (an *analysis) reloadOnHangup(load func() (*service.Rules, error)) (stop func()) {
	hangups := make(chan os.Signal, 1)
	done := make(chan struct{})
	fresh := make(chan *service.Rules, 1)
	an.opt.Reload = fresh
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-hangups:
				an.reload(load, fresh)
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
	}
}

// reload reads the rules and hands them on; of two that nobody has taken up the
// later ones hold.
func (an *analysis) reload(load func() (*service.Rules, error), fresh chan *service.Rules) {
	rules, err := load()
	if err != nil {
		an.log.Error().Msgf("the rules stay as they are: %s", report.Text(err.Error()))
		return
	}
	select {
	case <-fresh:
	default:
	}
	fresh <- rules
	an.log.Info().Msg("the rules were read again")
}
