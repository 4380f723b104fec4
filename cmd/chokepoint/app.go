package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

// app is the command with its ties to the world, so that tests can give it
// others.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            zerolog.Logger
	now            func() time.Time // the wall clock
	analyze        func(context.Context, capture.Source, classify.Sink, classify.Options) (classify.Stats, error)
	rules          func(files, mine []string) (*service.Rules, error)
	table          func(w io.Writer, opt table.Options) report.Report
	lab            labDoor
	watch          watchDoor
}

// Run runs the command with its arguments and returns its exit code. Interrupt
// and termination signals end it early with the answer so far; the second one
// ends it at once.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return interruptible(func(ctx context.Context) int { return newApp(stdin, stdout, stderr).run(ctx, args) })
}

// interruptible gives run a context that the first interrupt ends.
func interruptible(run func(context.Context) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	// Without this a reader that goes away kills the process by signal; with it
	// the write fails, and the command ends in its own way.
	signal.Ignore(syscall.SIGPIPE)
	return run(ctx)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{
		stdin: stdin, stdout: stdout, stderr: stderr, log: zerolog.Nop(), now: time.Now,
		analyze: classify.Run, rules: loadRules,
		table: func(w io.Writer, opt table.Options) report.Report { return table.New(w, opt) },
		lab:   openLab(),
		watch: openWatch(),
	}
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var code exitCode
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, syscall.EPIPE):
		return exitDone // whoever read our output has had enough
	}
	fmt.Fprintf(a.stderr, "chokepoint: %s\nSee \"%s --help\".\n", safeLines(err), cmd.CommandPath())
	return exitUsage
}

// safeLines words an error that may quote foreign text and have several lines.
func safeLines(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = report.Text(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "chokepoint",
		Short: "What is being done to messenger traffic on this link, told from packets",
		Long: "chokepoint reads packets and says which messengers work, which are blocked, throttled or\n" +
			"failing, where on the path, and how sure that is. It opens no connection, resolves no name\n" +
			"and sends nothing.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(a.analyzeCommand(), a.watchCommand(), a.labCommand(), a.servicesCommand(), a.versionCommand(), a.sweepCommand())
	return root
}
