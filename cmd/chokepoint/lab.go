package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"chokepoint/cmd/internal/report"
	"chokepoint/pcaps/truth"
)

// labDoor is the way to the lab. Package lab itself is Linux's alone, so the
// command sees it through these types.
type labDoor struct {
	scenes   func() ([]scene, error) // an error where there can be no lab
	rootless func() bool             // a user namespace does instead of root here
	program  string                  // how this program was called, for commands to paste
}

// scene is one scenario.
type scene struct {
	name    string
	cases   []string      // lines of the test matrix that it covers
	truth   truth.Truth   // what does not depend on how it is played
	lasts   time.Duration // in the time of its packets
	real    bool          // with real stacks, which takes as long as it lasts
	needs   []string      // commands
	missing func() []string
	play    func(ctx context.Context, seed uint64) (*recording, error)
}

// recording is what came of playing a scene.
type recording struct {
	files map[string][]byte // client.pcapng, server.pcapng
	truth truth.Truth       // with what was done
	notes []string          // what the hosts met; foreign text
	write func(dir string, opt keepOptions) error
}

// keepOptions say how a recording is written.
type keepOptions struct {
	compress bool // inside zstd
	slim     bool // without bulk data
}

// takes is how long one waits for it.
func (s *scene) takes() time.Duration {
	if !s.real {
		return 0
	}
	return s.lasts
}

// fault is a panic of our own while a scene was played or analysed.
type fault struct {
	what  any
	stack []byte
}

// Error implements error.
func (f *fault) Error() string {
	return fmt.Sprintf("a fault of chokepoint, please report it: %v", f.what)
}

// perform plays the scene and turns a panic into an error, so that the next one
// has its turn.
func (s *scene) perform(ctx context.Context, seed uint64) (r *recording, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, &fault{p, debug.Stack()}
		}
	}()
	return s.play(ctx, seed)
}

// broke reports why something of a scene failed.
func (a *app) broke(name string, err error) {
	event := a.log.Error()
	var f *fault
	if errors.As(err, &f) {
		event = event.Bytes("stack", f.stack)
	}
	event.Msgf("%s: %s", report.Text(name), report.Text(err.Error()))
}

func (a *app) labCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Play interference, record it, and see what analyze makes of it",
		Long: "The lab is a small internet in network namespaces of its own: a client, servers, and between\n" +
			"them a middlebox that does one thing to the traffic, or nothing. No packet leaves it, and\n" +
			"nothing of it is left when the command ends, however it ends. It needs Linux and root, but for\n" +
			"scenarios that are played in simulated time.",
		Args: cobra.NoArgs, // so that a mistyped command is wrong usage
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.labListCommand(), a.labRunCommand(), a.labRecordCommand())
	return cmd
}

// unwritten is output that could not be written, as an error with an exit code.
func (a *app) unwritten(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil // whoever read our output has had enough
	}
	a.log.Error().Msg(report.Text("write output: " + err.Error()))
	return exit(exitFault)
}
