package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// seat is a terminal with a command in front of it.
type seat struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	before unix.Termios

	mu   sync.Mutex
	seen strings.Builder
}

// seated starts the test program as a command on a terminal of its own, of 80
// columns and 25 rows.
func seated(t *testing.T, how string, args ...string) *seat {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	s := &seat{t: t, master: master}
	fd := int(master.Fd())
	must(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(err)
	must(unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 80}))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(err)
	defer slave.Close()
	s.before = s.mode()
	s.cmd = exec.Command(os.Args[0], args...)
	s.cmd.Env = append(os.Environ(), childEnv+"="+how, "NO_COLOR=1", "GOTRACEBACK=none")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(s.cmd.Start())
	go s.look()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_, _ = s.cmd.Process.Wait()
		master.Close()
	})
	return s
}

func (s *seat) look() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		s.mu.Lock()
		s.seen.Write(b[:n])
		s.mu.Unlock()
		if err != nil { // EIO: everybody has left
			return
		}
	}
}

func (s *seat) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

func (s *seat) mode() unix.Termios {
	m, err := unix.IoctlGetTermios(int(s.master.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *m
}

func (s *seat) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for something to become true.
func (s *seat) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited for %s; seen: %q", what, s.text())
		}
	}
}

func (s *seat) shows(text string) {
	s.t.Helper()
	s.until(text, func() bool { return strings.Contains(s.text(), text) })
}

func (s *seat) restored() bool { return s.mode() == s.before }

// ends waits for the end and returns how it was.
func (s *seat) ends() *os.ProcessState {
	s.t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(patience):
		s.t.Fatalf("does not end; seen: %q", s.text())
	}
	return s.cmd.ProcessState
}

func TestKeysOnATerminal(t *testing.T) {
	s := seated(t, "calm", "watch", "-i", "eth0")
	s.shows("f flows  q end  ? help")
	if m := s.mode(); m.Lflag&(unix.ICANON|unix.ECHO) != 0 || m.Lflag&unix.ISIG == 0 || m.Oflag&unix.OPOST == 0 {
		t.Errorf("mode %+v", m)
	}
	s.press("?")
	s.shows("q  end with the answer, as Ctrl-C does")
	s.press("f")
	s.shows("0 flows ended, the newest:")
	s.press("q")
	state := s.ends()
	s.until("the answer", func() bool {
		return strings.Contains(s.text(), "so it is") || strings.Contains(s.text(), "No packet was read")
	})
	if state.ExitCode() != 0 || !s.restored() {
		t.Errorf("%v, restored %v", state, s.restored())
	}
	answer := s.text()[strings.LastIndex(s.text(), "\x1b[J"):] // the table is wiped before
	if !strings.Contains(answer, "eth0  live (tcx)") || strings.Contains(answer, "q end") {
		t.Errorf("at the end: %q", answer)
	}
}

func TestCtrlCOnATerminal(t *testing.T) {
	s := seated(t, "calm", "watch", "-i", "eth0")
	s.shows("q end")
	s.press("\x03")
	if state := s.ends(); state.ExitCode() != 0 || !s.restored() {
		t.Errorf("%v, restored %v, seen %q", state, s.restored(), s.text())
	}
}

func TestTheTerminalIsRestoredWhenWeFail(t *testing.T) {
	s := seated(t, "fault", "watch", "-i", "eth0")
	state := s.ends()
	s.until("the fault", func() bool { return strings.Contains(s.text(), "please report it: boom") })
	if state.ExitCode() != exitFault || !s.restored() {
		t.Errorf("%v, restored %v, seen %q", state, s.restored(), s.text())
	}
}

// The second interrupt ends it at once, with the terminal as it was.
func TestTheSecondInterruptEndsAtOnce(t *testing.T) {
	s := seated(t, "stuck", "watch", "-i", "eth0")
	s.shows("q end")
	s.press("\x03")
	s.until("the mode before", s.restored)
	var status syscall.WaitStatus
	// Whether the first one was taken up everywhere cannot be seen from here: until
	// then another one is the same to it.
	done := make(chan struct{})
	go func() {
		defer close(done)
		status = s.ends().Sys().(syscall.WaitStatus)
	}()
	s.until("its end", func() bool {
		s.master.WriteString("\x03") // fails when it has ended meanwhile
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	if !status.Signaled() || status.Signal() != syscall.SIGINT || !s.restored() {
		t.Errorf("%v, restored %v", s.cmd.ProcessState, s.restored())
	}
}

// Without a terminal to read keys from there are none, and the table is drawn all
// the same; in the background nothing is changed of the terminal.
func TestNoKeysWithoutATerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if leave := readKeys(r, nil); leave != nil {
		t.Error("keys from a pipe")
	}
	if leave := readKeys(strings.NewReader("q"), nil); leave != nil {
		t.Error("keys from memory")
	}
	s := seated(t, "calm", "watch", "-i", "eth0")
	s.shows("q end")
	before := s.mode()
	if leave := readKeys(s.master, nil); leave != nil || s.mode() != before { // it is not ours
		t.Error("keys from another's terminal")
	}
	s.press("q")
	s.ends()
}
