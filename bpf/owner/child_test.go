//go:build linux

package owner

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"chokepoint/pcaps/lab/netns"
)

// childEnv tells the test's binary to be a child, and which.
const childEnv = "OWNER_TEST_CHILD"

func TestMain(m *testing.M) {
	child, ok := map[string]func() error{"talker": talk, "keeper": keep, "bare": bare}[os.Getenv(childEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start runs a child in a namespace; line is the first that it writes, when it is
// ready. It ends when the test does.
func start(t *testing.T, ns *netns.NS, which string, files ...*os.File) (pid uint32, line string) {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), childEnv+"="+which)
	c.ExtraFiles, c.Stderr = files, os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Do(c.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	lines := bufio.NewScanner(out)
	lines.Scan()
	return uint32(c.Process.Pid), lines.Text()
}

// ready tells the parent, and waits until it is done.
func ready(v any) error {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		return err
	}
	_, err := os.Stdin.Read(make([]byte, 1))
	_ = err // the end
	return nil
}

// talk has a connection of its own to itself and tells its ports.
func talk() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	return ready([]uint16{port(c.LocalAddr()), port(c.RemoteAddr())})
}

// keep holds what it inherited.
func keep() error { return ready("here") }

// bare loads, gives up all capabilities and lists then.
func bare() error {
	r, err := Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if err := cap.NewSet().SetProc(); err != nil {
		return err
	}
	if _, err := Open(); err == nil {
		return fmt.Errorf("privileges were not given up: loading still works")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	found := 0
	for range 3 { // open and read anew each time
		if err := r.Sockets(func(s Socket) {
			if s.PID == uint32(syscall.Getpid()) && s.LocalPort == port(l.Addr()) {
				found++
			}
		}); err != nil {
			return err
		}
	}
	return ready(found)
}

func port(a net.Addr) uint16 {
	switch a := a.(type) {
	case *net.TCPAddr:
		return uint16(a.Port)
	case *net.UDPAddr:
		return uint16(a.Port)
	}
	return 0
}
