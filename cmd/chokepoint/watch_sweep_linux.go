package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"chokepoint/bpf"
	"chokepoint/bpf/packets"
	"chokepoint/cmd/internal/confine"
)

// stays is lost with clsact where nobody sweeps.
const stays = "the end of this process: its filters stay until the next start (clsact)"

// sweeper is a process that removes the filters of this one when this one has
// ended: by then nobody else may, since privileges are given up, nor could after
// SIGKILL.
type sweeper struct {
	cmd  *exec.Cmd
	hold io.Closer // it sweeps when this is closed
	told *strings.Builder
}

// startSweeper starts one for these interfaces, while there are privileges to
// inherit.
func startSweeper(interfaces []string) (*sweeper, error) {
	args := []string{sweepName, strconv.Itoa(os.Getpid())}
	for _, name := range interfaces {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, err
		}
		args = append(args, strconv.Itoa(i.Index))
	}
	s := &sweeper{cmd: exec.Command("/proc/self/exe", args...), told: &strings.Builder{}}
	s.cmd.Stderr = s.told
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's interrupt is not for it
	hold, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.hold = hold
	says, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); err != nil || line != armed+"\n" {
		return nil, errors.Join(fmt.Errorf("it says %q", line), s.end())
	}
	return s, nil
}

// end has it sweep now, and returns what went wrong.
func (s *sweeper) end() error {
	s.hold.Close()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("removing filters: %w: %s", err, strings.TrimSpace(s.told.String()))
	}
	return nil
}

// swept is a source whose filters are removed by a sweeper.
type swept struct {
	liveSource
	by *sweeper
}

// Close implements capture.Source. That it may not detach itself is why there is a
// sweeper.
func (s swept) Close() error {
	err := s.liveSource.Close()
	if e := s.by.end(); e != nil {
		return errors.Join(err, e)
	}
	var lacks *bpf.Unavailable
	if errors.As(err, &lacks) {
		return nil
	}
	return err
}

// openBroom implements [watchDoor].broom.
func openBroom(pid int, interfaces []int) (sweep func() error, err error) {
	b, err := packets.NewBroom(pid)
	if err != nil {
		return nil, err
	}
	if _, err := confine.Drop(confine.Allow{NetAdmin: true}); err != nil {
		return nil, err
	}
	return func() (err error) {
		for _, i := range interfaces {
			_, e := b.Sweep(i)
			err = errors.Join(err, e)
		}
		return err
	}, nil
}
