package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// atRate is one line of the table of records.
type atRate struct {
	name    string
	rate    int // packets per second, 0: as fast as it goes
	limits  bool
	measure func(rate int) (flow, error)
	rounds  []flow
}

// recordTable prints the best round of each.
func recordTable(out io.Writer, all []*atRate) {
	fmt.Fprintln(out, "\nrecords, best round: sent = delivered + lost + counted in every round")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tasked, k/s\tsent, k/s\tdelivered\tlost\tcounted\tuser ns/packet\tsystem ns/packet\t")
	for _, a := range all {
		f, asked := best(a.rounds), "all"
		if a.rate > 0 {
			asked = fmt.Sprint(a.rate / 1000)
		}
		fmt.Fprintf(w, "%s\t%s\t%.0f\t%d\t%d\t%d\t%d\t%d\t\n", a.name, asked, f.rate()/1e3,
			f.Packets, f.Lost, f.Unseen, f.each(f.User).Nanoseconds(), f.each(f.System).Nanoseconds())
	}
	w.Flush()
	fmt.Fprintln(out)
}

// recordVerdicts prints the figures that have a budget.
func recordVerdicts(out io.Writer, all []*atRate) {
	for _, a := range all {
		if !a.limits {
			continue
		}
		f := best(a.rounds)
		verdict(out, f.each(f.User) <= mustUser, "%s: %v of user CPU per record; must be %v at most", a.name, f.each(f.User), mustUser)
		verdict(out, f.Lost == 0, "%s: %d lost at %.0f k records/s; must be 0 at %d k", a.name, f.Lost, f.rate()/1e3, a.rate/1000)
	}
}

// program is one line of the table of the kernel's side.
type program struct {
	name      string
	took      time.Duration
	reference time.Duration // as measured when it was designed, 0 none
	must      time.Duration // 0: no budget
}

// programTable prints them.
func programTable(out io.Writer, all []program) {
	fmt.Fprintln(out, "\nin the kernel, ns per packet (BPF_PROG_TEST_RUN, best round)")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\there\tat design\tmust\t\t")
	for _, p := range all {
		must, word, before := "", "", ""
		if p.reference > 0 {
			before = fmt.Sprint(p.reference.Nanoseconds())
		}
		if p.must > 0 {
			must, word = fmt.Sprint(p.must.Nanoseconds()), "ok"
			if p.took > p.must {
				word = "MISS"
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t\n", p.name, p.took.Nanoseconds(), before, must, word)
	}
	w.Flush()
}
