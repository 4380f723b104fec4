//go:build linux

package local

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// childEnv tells the test's binary to be a child, and which.
const childEnv = "LOCAL_TEST_CHILD"

func TestMain(m *testing.M) {
	child, ok := map[string]func(string) error{"client": client, "server": server, "holder": holder}[os.Getenv(childEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := child(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a process under a name of its own.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	pid   uint32
}

// start runs one in a namespace and waits until it is ready. It ends when the test
// does.
func start(t *testing.T, n *netns.NS, which, comm, arg string, files ...*os.File) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), comm)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, arg)
	cmd.Env = append(os.Environ(), childEnv+"="+which)
	cmd.ExtraFiles, cmd.Stderr = files, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, lines: bufio.NewScanner(out), pid: uint32(cmd.Process.Pid)}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() }) // its own error it has told
	c.line()
	return c
}

// line waits for the child to say something.
func (c *child) line() string {
	c.t.Helper()
	if !c.lines.Scan() {
		c.t.Fatalf("the child is gone: %v", c.lines.Err())
	}
	return c.lines.Text()
}

// kill has it killed, and waits until it is gone.
func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed
}

// stay waits until the parent is done.
func stay() { _, _ = os.Stdin.Read(make([]byte, 1)) }

// client connects and says that it has.
func client(to string) error {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println(c.LocalAddr())
	stay()
	return nil
}

// server says that it listens, accepts one connection, and says when something came
// by it, which it does not read.
func server(at string) error {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	c, err := l.Accept()
	if err != nil {
		return err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
		return err == nil && n > 0
	})
	if err != nil {
		return err
	}
	fmt.Println("something came")
	stay()
	return nil
}

// holder holds what it inherited.
func holder(string) error {
	fmt.Println("here")
	stay()
	return nil
}
