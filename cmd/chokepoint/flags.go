package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chokepoint/classify"
	"chokepoint/classify/service"
)

// The words of --plan.
const (
	planFull = "full"
	planLive = "live"
)

// analyzeFlags are the flags of analyze as they were given.
type analyzeFlags struct {
	read, only, expect, services, mine []string
	blockPages                         []string
	json, all, join, exitCode, mos     bool
	quiet, verbose, noColor            bool
	forgedIPs                          string
	vantage, plan                      choice
	memory                             size
	workers                            int
	whyFlags
	redactFlags
	againFlags
}

func (f *analyzeFlags) register(cmd *cobra.Command) {
	f.memory = classify.DefaultMemory
	f.vantage = choice{value: "auto", of: []string{"auto", "host", "gateway", "span", "server"}}
	f.plan = choice{value: planFull, of: []string{planFull, planLive}}
	s := cmd.Flags()
	s.SortFlags = false
	s.StringArrayVarP(&f.read, "read", "r", nil, "read this `FILE` too, as tcpdump takes it (repeatable)")
	s.BoolVar(&f.join, "join", false, "the files of a directory are one capture, the ring of a long recording")
	s.BoolVar(&f.json, "json", false, "one JSON record per line on stdout; logs are JSON on stderr")
	s.StringVar(&f.explain, "explain", "", "tell everything about `X`: a finding (f3), flow (c000123), packet number or service")
	s.StringVar(&f.whyNot, "why-not", "", "tell why nothing, or nothing more, was found of `X`: the nearest miss of every detector")
	s.StringVar(&f.html, "html", "", "write a report to `FILE`: one page that opens offline in any browser, redacted unless --full")
	s.BoolVar(&f.full, "full", false, "with --html, leave addresses, names and times in the page as they are")
	s.StringVar(&f.slice, "slice", "", "write a pcapng around each finding into the folder `DIR`, with comments on the packets that its evidence names")
	s.BoolVar(&f.redact, "redact", false, "for sharing: replace addresses, ports, unknown names and times, and leave out what names files or hosts")
	s.BoolVar(&f.keepTime, "keep-time", false, "times stay as they are in what is redacted")
	s.BoolVar(&f.all, "all", false, "show flows of unknown service too")
	s.BoolVar(&f.mos, "mos", false, "say of a bad call, too, what listeners would: indicative, no messenger's codec has values of its own")
	s.StringSliceVar(&f.only, "only", nil, "print only these services, by `ID,...`; others still serve as controls")
	s.StringSliceVar(&f.expect, "expect", nil, "answer for these services, by `ID,...`, even when nothing was seen of them")
	s.StringArrayVar(&f.services, "services", nil, "add or override service rules from this `FILE` (repeatable)")
	s.StringArrayVar(&f.mine, "mine", nil, "a service of your own, `HOST:PORT=NAME` (repeatable)")
	s.StringVar(&f.forgedIPs, "forged-ips", "", "addresses of forged DNS answers, a CSV `FILE` as OONI's DNS fingerprints are")
	s.StringArrayVar(&f.blockPages, "block-pages", nil, "know the block pages on this list, a `FILE` as OONI's HTTP fingerprints: CSV (repeatable)")
	s.Var(&f.vantage, "vantage", "where the capture was taken")
	s.Var(&f.plan, "plan", "look at all there is, or only at what a live capture would deliver of it")
	s.Var(&f.memory, "memory", "budget for what is kept of flows; K, M or G are powers of 1024")
	s.IntVar(&f.workers, "workers", 0, "how many `N` processors to use, 0: all up to 4; the output does not depend on it")
	s.BoolVar(&f.exitCode, "exit-code", false, "exit with 10: interference found, 11: something does not work and the cause is not shown, 12: the capture cannot tell")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "only errors on stderr")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "say more on stderr, also how fast it went")
	s.BoolVar(&f.noColor, "no-color", false, "plain text; NO_COLOR is honoured too")
	cmd.MarkFlagsMutuallyExclusive("quiet", "verbose")
	cmd.MarkFlagsMutuallyExclusive("explain", "why-not")
}

// options translates the flags, all but what needs the rules.
func (f *analyzeFlags) options() (classify.Options, error) {
	opt := classify.Options{
		Workers: f.processors(), Memory: int64(f.memory), Vantage: f.vantage.value, All: f.all, Expect: f.expect, MOS: f.mos,
	}
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if f.workers < 0 {
		return opt, errors.New("--workers must not be negative")
	}
	return opt, nil
}

// lists reads the files of what is known of forgeries beforehand.
func (f *analyzeFlags) lists(opt *classify.Options) (err error) {
	if opt.ForgedIPs, err = forgedIPs(f.forgedIPs); err != nil {
		return err
	}
	opt.BlockPages, err = blockPages(f.blockPages)
	return err
}

// known refuses services that the rules do not have: a mistyped name must not
// pass for a service that was not seen.
func (f *analyzeFlags) known(r *service.Rules) error {
	ids := r.IDs()
	for _, id := range slices.Concat(f.only, f.expect) {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("no service %q; known are %s", id, strings.Join(ids, ", "))
		}
	}
	return nil
}

// maxProcessors is how many workers are worth having: each looks at every packet, and
// all stand still at each tick, so that more of them only warm the machine.
const maxProcessors = 4

func (f *analyzeFlags) processors() int {
	if f.workers > 0 {
		return f.workers
	}
	return min(runtime.GOMAXPROCS(0), maxProcessors)
}
