package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"chokepoint/bpf"
	"chokepoint/capture/expr"
	"chokepoint/cmd/internal/report"
)

func (a *app) watchCommand() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch [flags] -i IFACE,... [EXPR]",
		Short: "The same, live, until interrupted",
		Long: "Listen on interfaces and say what is being done to messenger traffic while it happens: as a\n" +
			"table on a terminal, as one line per event elsewhere, as records with --json. An interrupt\n" +
			"(Ctrl-C) ends it with the answer; a second one ends it at once. SIGHUP reads the rules again.\n" +
			"It needs Linux and privileges, which it gives up before it reads the first packet.\n\n" +
			"Exit codes: 0 done; 1 an interface could not be listened on to the end; 2 wrong usage; 3 a\n" +
			"privilege or a feature of the kernel is missing; 4 a fault of chokepoint; with --exit-code\n" +
			"also 10, 11 and 12.",
		Example: "  sudo chokepoint watch -i eth0\n" +
			"  sudo chokepoint watch -i eth0,wlan0 --duration 5m --expect whatsapp,telegram\n" +
			"  sudo chokepoint watch -i eth0 --json --record seen.pcapng not port 22 | jq .",
		RunE: func(cmd *cobra.Command, args []string) error { return a.watchAll(cmd.Context(), &f, args) },
	}
	f.register(cmd)
	return cmd
}

// watchAll listens as was asked for. The errors it returns are wrong usage, or a
// code.
func (a *app) watchAll(ctx context.Context, f *watchFlags, args []string) error {
	a.log = newLog(a.stderr, f.json, level(f.quiet, f.verbose))
	w, err := a.prepareWatch(f, args)
	if err != nil {
		return err
	}
	return w.run(ctx)
}

// prepareWatch does what can be done without privileges: wrong usage is told
// before anything is attached to.
func (a *app) prepareWatch(f *watchFlags, args []string) (*watching, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	there, err := a.watch.interfaces()
	if err != nil {
		return nil, err
	}
	w := &watching{flags: f}
	if w.interfaces, err = f.choose(there); err != nil {
		return nil, err
	}
	if w.analysis, err = a.prepare(&f.analyzeFlags); err != nil {
		return nil, err
	}
	if w.expression = strings.Join(args, " "); w.expression != "" {
		if w.opt.Filter, err = expr.Compile(w.expression); err != nil {
			return nil, fmt.Errorf("%q as an expression: %w", w.expression, err)
		}
		a.log.Warn().Msg("only what matches the expression is looked at: controls may be missing")
	}
	if f.redact && f.record != "" {
		a.log.Warn().Msg("the recording is not redacted: it is for you alone")
	}
	a.warnOfAge(w.opt.Rules)
	return w, nil
}

// refused words why there is nothing to listen on: what is missing has a code of
// its own, everything else is what was asked for.
func (a *app) refused(err error) error {
	var lacks *bpf.Unavailable
	if errors.As(err, &lacks) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		a.log.Error().Msg(report.Text(err.Error()))
		return exit(exitPrivilege)
	}
	return err
}
