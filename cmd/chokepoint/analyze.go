package main

import (
	"context"

	"github.com/spf13/cobra"

	"chokepoint/classify/service"
	"chokepoint/cmd/internal/heap"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/jsonl"
	"chokepoint/cmd/internal/report/table"
)

func (a *app) analyzeCommand() *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze [flags] FILE|DIR|-... [EXPR]",
		Short: "What happened in these captures",
		Long: "Analyze pcap and pcapng files, also inside gzip or zstd, each as a capture of its own, a\n" +
			"directory of them, or - for standard input. EXPR is a pcap-filter expression; it begins with\n" +
			"the first argument that names no file. With one, controls may be missing.\n\n" +
			"Exit codes: 0 done; 1 some input could not be read to its end; 2 wrong usage; 4 a fault of\n" +
			"chokepoint; with --exit-code also 10, 11 and 12.",
		Example: "  chokepoint analyze home.pcapng\n" +
			"  chokepoint analyze --html report.html home.pcapng\n" +
			"  chokepoint analyze --expect whatsapp,telegram --json /var/captures | jq .\n" +
			"  ssh router tcpdump -U -w - not port 22 | chokepoint analyze -",
		RunE: func(cmd *cobra.Command, args []string) error { return a.analyzeAll(cmd.Context(), &f, args) },
	}
	f.register(cmd)
	return cmd
}

// analyzeAll analyses everything that was asked for. The errors it returns are
// wrong usage, or a code.
func (a *app) analyzeAll(ctx context.Context, f *analyzeFlags, args []string) error {
	a.log = newLog(a.stderr, f.json, level(f.quiet, f.verbose))
	an, err := a.prepare(f)
	if err != nil {
		return err
	}
	paths, expression := split(args, look)
	if an.opt.Filter, err = compile(expression); err != nil {
		return err
	}
	an.expression = expression
	ins, faults, err := inputs(append(paths, f.read...), f.join)
	if err != nil {
		return err
	}
	for _, err := range faults {
		an.unreadable(err)
	}
	if expression != "" {
		a.log.Warn().Msg("only what matches the expression is looked at: controls may be missing")
	}
	a.warnOfAge(an.opt.Rules)
	defer heap.Within(an.opt.Memory)()
	if fromPipe(ins) {
		defer an.reloadOnHangup(func() (*service.Rules, error) { return a.rules(f.services, f.mine) })()
	}
	if _, _, yes := f.asked(); yes {
		return an.explain(ctx, f, ins)
	}
	if err := an.again.prepare(ins); err != nil {
		return err
	}
	for _, in := range ins {
		if ctx.Err() != nil || an.out.err != nil {
			break
		}
		an.capture(ctx, in)
	}
	an.writePage()
	return an.result(ctx)
}

// prepare turns flags into an analysis.
func (a *app) prepare(f *analyzeFlags) (*analysis, error) {
	opt, err := f.options()
	if err != nil {
		return nil, err
	}
	if opt.Rules, err = a.rules(f.services, f.mine); err != nil {
		return nil, err
	}
	if err := f.known(opt.Rules); err != nil {
		return nil, err
	}
	if err := f.sensible(); err != nil {
		return nil, err
	}
	if err := f.againFlags.check(); err != nil {
		return nil, err
	}
	if err := f.lists(&opt); err != nil {
		return nil, err
	}
	an := &analysis{app: a, opt: opt, only: f.only, exitCodes: f.exitCode, live: f.plan.value == planLive, again: again{againFlags: f.againFlags}, out: &sticky{w: a.stdout}}
	an.report = func() report.Report { return jsonl.New(an.out) }
	if !f.json {
		an.report = an.screens(table.Options{
			Color: colour(a.stdout, f.noColor), Verbose: f.verbose, All: f.all, Quiet: f.quiet,
		})
	}
	an.hide(f)
	mixed := f.json && terminal(a.stdout) // records come while the line of progress stands
	an.progress = terminal(a.stderr) && !f.quiet && !mixed
	return an, nil
}

// screens returns what makes the screen of each capture, with an empty line
// between two.
func (an *analysis) screens(opt table.Options) func() report.Report {
	first := true
	return func() report.Report {
		if !first {
			_, _ = an.out.Write([]byte("\n")) // an.out keeps the error
		}
		first = false
		return an.table(an.out, opt)
	}
}

// rulesTooOld is the age from which rules deserve a warning, days: addresses
// and names of services move within weeks.
const rulesTooOld = 60

func (a *app) warnOfAge(r *service.Rules) {
	if r.Date().IsZero() {
		return
	}
	if days := int(a.now().Sub(r.Date()).Hours() / 24); days > rulesTooOld {
		a.log.Warn().Msgf("the service rules are %d days old: new names and addresses may be missing", days)
	}
}
