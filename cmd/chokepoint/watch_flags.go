package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chokepoint/classify"
	"chokepoint/cmd/internal/report/web"
)

// sharedFlags are those of analyze that mean the same here.
var sharedFlags = []string{
	"json", "redact", "keep-time", "all", "mos", "only", "expect", "services", "mine", "forged-ips", "block-pages", "vantage", "memory", "workers", "exit-code", "quiet", "verbose", "no-color",
}

// plainInterval is between two answers so far, where --interval does not say.
const plainInterval = 10 * time.Second

// boardInterval is the same on a terminal: the table is drawn no more often.
const boardInterval = time.Second

// watchMemory is the budget of flows where --memory does not say: what is kept beside
// them doubles it, to no more than analyze takes.
const watchMemory = classify.DefaultMemory / 2

// Of a recording: what is kept where the flags do not say.
const (
	recordSize = 100 << 20 // bytes of a file
	recordKeep = 10        // files
)

// watchFlags are the flags of watch as they were given.
type watchFlags struct {
	analyzeFlags
	interfaces         []string
	backend, delivered choice
	duration, interval time.Duration
	paced              bool // --interval was given
	record             string
	payload            bool
	fileSize           size
	keep               int
	ready, listen      string
	at                 netip.AddrPort // of listen
}

func (f *watchFlags) register(cmd *cobra.Command) {
	f.backend = choice{value: "auto", of: []string{"auto", "tcx", "clsact", "afpacket"}}
	f.delivered = choice{value: planLive, of: []string{planLive}}
	f.fileSize = recordSize
	s := cmd.Flags()
	s.SortFlags = false
	s.StringSliceVarP(&f.interfaces, "interface", "i", nil, "listen on these interfaces, `IFACE,...` (repeatable)")
	s.Var(&f.backend, "backend", "how to listen; auto takes the first of the others that works")
	s.DurationVar(&f.duration, "duration", 0, "end after so `LONG`: 30s, 5m, 2h; 0: when interrupted")
	s.DurationVar(&f.interval, "interval", plainInterval, "so `LONG` between two answers so far; a table on a terminal is drawn every second")
	s.StringVar(&f.record, "record", "", "keep what was seen in this pcapng `FILE`: headers, unless more is asked for")
	s.BoolVar(&f.payload, "record-payload", false, "keep payload too, as far as it is looked at")
	s.Var(&f.fileSize, "record-size", "how large a file gets before the next one is begun")
	s.IntVar(&f.keep, "record-keep", recordKeep, "how many `N` files are kept; the oldest goes first")
	s.StringVar(&f.ready, "ready-file", "", "this `FILE` is there, with the process id in it, while the capture goes on")
	s.StringVar(&f.listen, "listen", "", "serve a live page and /metrics at `ADDR`, HOST:PORT, or :PORT on loopback")
	// As analyze has it, so that one line of flags serves both.
	s.Var(&f.delivered, "plan", "")
	_ = s.MarkHidden("plan") // it is there
	var analyze cobra.Command
	f.analyzeFlags.register(&analyze)
	f.memory = watchMemory
	analyze.Flags().Lookup("memory").DefValue = f.memory.String()
	for _, name := range sharedFlags {
		s.AddFlag(analyze.Flags().Lookup(name))
	}
	for _, name := range []string{"explain", "why-not", "html", "slice"} { // refused with a word of advice
		s.AddFlag(analyze.Flags().Lookup(name))
		_ = s.MarkHidden(name) // it is there
	}
	cmd.MarkFlagsMutuallyExclusive("quiet", "verbose")
	cmd.PreRun = func(cmd *cobra.Command, _ []string) { f.paced = cmd.Flags().Changed("interval") }
}

// check refuses what makes no sense together.
func (f *watchFlags) check() error {
	_, _, asked := f.asked()
	switch {
	case asked:
		return errors.New("--explain and --why-not read the packets a second time: keep them by --record FILE, then analyze --explain X FILE")
	case f.html != "" || f.slice != "":
		return errors.New("--html and --slice read the packets a second time: keep them by --record FILE, then analyze --html PAGE FILE; --listen has a live page")
	case f.duration < 0:
		return errors.New("--duration must not be negative")
	case f.interval < 0:
		return errors.New("--interval must not be negative")
	case f.keep < 1:
		return errors.New("--record-keep must be 1 or more")
	case f.payload && f.record == "":
		return errors.New("--record-payload needs --record FILE")
	case f.listen == "":
		return nil
	case f.interval == 0:
		return errors.New("--listen needs an --interval above 0")
	}
	var err error
	if f.at, err = web.ParseAddr(f.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return nil
}

// choose returns the interfaces to listen on. One at least must be there, the
// others may come: of one alone a typing error is more likely.
func (f *watchFlags) choose(there []string) (chosen []string, err error) {
	var missing []string
	for _, name := range f.interfaces {
		switch name = strings.TrimSpace(name); {
		case name == "" || slices.Contains(chosen, name):
			continue
		case !slices.Contains(there, name):
			missing = append(missing, name)
		}
		chosen = append(chosen, name)
	}
	here := "there are: " + strings.Join(there, ", ")
	switch {
	case len(chosen) == 0:
		return nil, fmt.Errorf("name an interface with -i; %s", here)
	case len(missing) == len(chosen):
		return nil, fmt.Errorf("no interface %s here; %s", strings.Join(missing, ", "), here)
	}
	return chosen, nil
}
