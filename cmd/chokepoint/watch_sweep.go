package main

import (
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
)

// sweepName is a command of watch's own: it starts it beside itself where what it
// attaches would outlive it.
const sweepName = "sweep-when-over"

// armed is what it says when it is ready to sweep.
const armed = "armed"

func (a *app) sweepCommand() *cobra.Command {
	return &cobra.Command{
		Use:    sweepName + " PID IFINDEX...",
		Short:  "Remove what a watch attached when it has ended: started by watch alone",
		Hidden: true,
		Args:   cobra.MinimumNArgs(2),
		RunE:   func(_ *cobra.Command, args []string) error { return a.sweepWhenOver(args) },
	}
}

// sweepWhenOver waits until its input ends, which it does with the process that
// holds the other end, however that ended. Until then no signal ends it that a
// terminal or a service manager sends to all.
func (a *app) sweepWhenOver(args []string) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	var numbers []int
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil || n <= 0 {
			return fmt.Errorf("%q is no number of a process or an interface", arg)
		}
		numbers = append(numbers, n)
	}
	sweep, err := a.watch.broom(numbers[0], numbers[1:])
	if err != nil {
		return a.refused(err)
	}
	if _, err := fmt.Fprintln(a.stdout, armed); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, a.stdin); err != nil {
		return err
	}
	if err := sweep(); err != nil {
		return a.refused(err)
	}
	return nil
}
