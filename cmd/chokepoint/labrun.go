package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chokepoint/classify"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
	"chokepoint/pcaps/vary"
)

// The captures of a recording.
const (
	clientFile = "client.pcapng"
	serverFile = "server.pcapng"
)

// labRunFlags are the flags of lab run as they were given.
type labRunFlags struct {
	seed                             uint64
	vantage                          choice
	vary                             string
	json, exitCode, verbose, noColor bool
}

func (a *app) labRunCommand() *cobra.Command {
	var f labRunFlags
	cmd := &cobra.Command{
		Use:   "run [flags] NAME...",
		Short: "Play scenarios, analyse them, and hold the verdict against the truth",
		Long: "Play scenarios, analyse what was recorded, and print what was done beside what analyze says.\n" +
			"NAME is a scenario, a pattern of names ('reset-*'), or a line of the test matrix (F2).\n" +
			"Nothing is written; lab record keeps the captures.\n\n" +
			"Exit codes: 0 played; 1 something could not be played to its end; 2 wrong usage; 3 a missing\n" +
			"privilege or command; 4 a fault of chokepoint; with --exit-code also 10, when verdict and\n" +
			"truth disagree.",
		Example: "  sudo chokepoint lab run reset-race\n" +
			"  sudo chokepoint lab run --vantage both --seed 7 'policed-*'\n" +
			"  sudo chokepoint lab run --json F2 F12 | jq .agrees",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.labRunAll(cmd.Context(), &f, args) },
	}
	f.vantage = choice{value: "client", of: []string{"client", "server", "both"}}
	s := cmd.Flags()
	s.SortFlags = false
	s.Uint64Var(&f.seed, "seed", 1, "of all that is random in the middlebox, `N`")
	s.Var(&f.vantage, "vantage", "whose capture is analysed")
	s.StringVar(&f.vary, "vary", "", "analyse it as somebody else had taken it, `HOW`: "+variations())
	s.BoolVar(&f.json, "json", false, "one JSON object per scenario on stdout; logs are JSON on stderr")
	s.BoolVar(&f.exitCode, "exit-code", false, "exit with 10 when verdict and truth disagree")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "all of it: the whole screen of analyze with its evidence, all that was done")
	s.BoolVar(&f.noColor, "no-color", false, "plain text; NO_COLOR is honoured too")
	return cmd
}

// variations names the ways a capture can be taken.
func variations() string {
	var names []string
	for _, v := range vary.All() {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}

// labRun is a run of lab run: what its scenes have in common, and what came of
// them so far.
type labRun struct {
	*app
	labRunFlags
	options   classify.Options
	screen    table.Options
	variation *vary.Variation // nil: none
	out       *sticky

	acts, agreeing int
	failed         bool // a scene was not played, or not analysed, to its end
	fault          bool // of our own
	lacking        bool // a scene could not be played here
}

// labRunAll plays everything that was asked for. The errors it returns are wrong
// usage, or a code.
func (a *app) labRunAll(ctx context.Context, f *labRunFlags, args []string) error {
	a.log = newLog(a.stderr, f.json, level(false, false))
	r, err := a.newLabRun(f)
	if err != nil {
		return err
	}
	all, err := a.stage()
	if err != nil {
		return err
	}
	asked, err := pick(all, args)
	if err != nil {
		return err
	}
	ready, lacking := a.playable(all, asked, "lab run "+strings.Join(args, " "))
	for i := range ready {
		if ctx.Err() != nil || r.out.err != nil {
			break
		}
		r.scene(ctx, &ready[i], i, len(ready))
	}
	r.lacking = a.complain(lacking)
	return r.result(ctx)
}

// complain reports what is missing, and whether anything is.
func (a *app) complain(lacking []string) bool {
	for _, l := range lacking {
		a.log.Error().Msg(safeLines(errors.New(l)))
	}
	return len(lacking) > 0
}

// newLabRun turns flags into a run.
func (a *app) newLabRun(f *labRunFlags) (*labRun, error) {
	r := &labRun{app: a, labRunFlags: *f, out: &sticky{w: a.stdout}}
	if f.vary != "" {
		v, ok := vary.Named(f.vary)
		if !ok {
			return nil, fmt.Errorf("no variation %q; known are %s", f.vary, variations())
		}
		r.variation = &v
	}
	flags := analyzeFlags{memory: classify.DefaultMemory, vantage: choice{value: "auto"}}
	an, err := a.prepare(&flags)
	if err != nil {
		return nil, err
	}
	r.options = an.opt
	r.screen = table.Options{Color: colour(a.stdout, f.noColor), Verbose: f.verbose, Quiet: !f.verbose}
	return r, nil
}

// scene plays one scene, the i-th of n, and tells it.
func (r *labRun) scene(ctx context.Context, s *scene, i, n int) {
	began := r.now()
	l := startLive(r.liveOut(), func() string { return playing(s, i, n, r.now().Sub(began)) })
	rec, err := s.perform(ctx, r.seed)
	l.stop()
	if err != nil {
		r.fail(ctx, s.name, err)
		return
	}
	done := &act{scene: s, seed: r.seed, rec: rec}
	for _, file := range r.files(rec) {
		h, err := r.hearing(ctx, rec, file)
		if err != nil {
			r.fail(ctx, s.name+": "+file, err)
			return
		}
		done.heard = append(done.heard, *h)
	}
	if len(done.heard) == 0 {
		r.fail(ctx, s.name, fmt.Errorf("it has no capture of the %s", r.vantage.value))
		return
	}
	r.tell(done)
}

// playing is the line that stands while a scene is played.
func playing(s *scene, i, n int, since time.Duration) string {
	line := "playing " + report.Text(s.name)
	if n > 1 {
		line = fmt.Sprintf("%d of %d: %s", i+1, n, line)
	}
	if left := s.takes() - since; left > 0 {
		line += fmt.Sprintf(", %.0f s left", left.Seconds())
	}
	return line + "  " + report.Text(s.truth.What)
}

// files are the captures of a recording that are wanted.
func (r *labRun) files(rec *recording) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(rec.files)), func(file string) bool {
		return r.vantage.value == "client" && file != clientFile || r.vantage.value == "server" && file != serverFile
	})
}

func (r *labRun) hearing(ctx context.Context, rec *recording, file string) (*hearing, error) {
	h, err := r.hear(ctx, file, rec.files[file], r.variation)
	if err != nil {
		return nil, err
	}
	if r.variation != nil {
		return &hearing{h, judgeVaried(&rec.truth, file, h.findings), r.variation.What}, nil
	}
	return &hearing{h, judge(&rec.truth, file, h.findings, h.status), ""}, nil
}

// fail reports what went wrong, unless somebody wanted it so.
func (r *labRun) fail(ctx context.Context, name string, err error) {
	var f *fault
	if errors.As(err, &f) {
		r.fault = true
	}
	r.failed = true
	if ctx.Err() == nil && !errors.Is(err, errUnread) {
		r.broke(name, err)
	}
}

// tell prints an act.
func (r *labRun) tell(done *act) {
	text := done.tell(r.verbose)
	if r.json {
		text = done.json()
	} else if r.acts > 0 {
		text = "\n" + text
	}
	r.acts++
	if done.agrees() {
		r.agreeing++
	}
	_, _ = r.out.Write([]byte(text)) // r.out keeps the error
}

// result says how it went, as an error with an exit code.
func (r *labRun) result(ctx context.Context) error {
	if r.acts > 0 && !r.json {
		_, _ = r.out.Write([]byte(sum(r.acts, r.agreeing, r.verbose)))
	}
	if ctx.Err() != nil {
		r.failed = true
		r.log.Warn().Msg("interrupted: what is not shown was not played to its end")
	}
	switch {
	case r.out.err != nil:
		return r.unwritten(r.out.err)
	case r.fault:
		return exit(exitFault)
	case r.lacking:
		return exit(exitPrivilege)
	case r.exitCode && r.agreeing < r.acts:
		return exit(exitDisagree)
	case r.failed:
		return exit(exitInput)
	}
	return nil
}
