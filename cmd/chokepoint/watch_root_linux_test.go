package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/pcaps/lab/netns"
)

// needRoot skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func needRoot(t *testing.T) *netns.NS {
	t.Helper()
	if lacks := netns.Missing(); len(lacks) > 0 {
		why := "needs " + strings.Join(lacks, ", ")
		if os.Getenv("REQUIRE_BPF") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	n, err := netns.New("watch")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// real is the command as users have it, in a namespace.
type real struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{} // closed when it has
}

// started starts it and returns when its ready file is there.
func started(t *testing.T, n *netns.NS, args ...string) *real {
	t.Helper()
	return startedAs(t, "real", n, args...)
}

// startedAs starts the command as TestMain knows it.
func startedAs(t *testing.T, how string, n *netns.NS, args ...string) *real {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	r := &real{cmd: exec.Command(os.Args[0], append([]string{"watch", "--ready-file", ready}, args...)...), ended: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), childEnv+"="+how)
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	if err := n.Do(r.cmd.Start); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
	})
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if pid, err := os.ReadFile(ready); err == nil {
			if string(pid) != fmt.Sprintln(r.cmd.Process.Pid) {
				t.Errorf("ready file: %q", pid)
			}
			break
		}
		select {
		case <-r.ended:
			t.Fatalf("%v: %s", r.cmd.ProcessState, &r.stderr)
		default:
		}
		if time.Now().After(end) {
			t.Fatal("never ready")
		}
	}
	return r
}

// ends interrupts it and returns what came of it.
func (r *real) ends(t *testing.T) told {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Fatal("does not end")
	}
	return told{r.cmd.ProcessState.ExitCode(), r.stdout.String(), r.stderr.String()}
}

// capabilities are the effective ones of every thread, as /proc tells them.
func capabilities(t *testing.T, pid int) (all []string) {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			continue // a thread that ended
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if eff, ok := strings.CutPrefix(lines.Text(), "CapEff:"); ok {
				all = append(all, strings.TrimSpace(eff))
			}
		}
		f.Close()
	}
	return all
}

// TestWatchForReal: from the wire to the records, with every backend.
func TestWatchForReal(t *testing.T) {
	n := needRoot(t)
	for _, backend := range []string{"tcx", "clsact", "afpacket"} {
		t.Run(backend, func(t *testing.T) {
			r := started(t, n, "-i", "lo", "--json", "--all", "--backend", backend)
			for _, eff := range capabilities(t, r.cmd.Process.Pid) {
				if strings.Trim(eff, "0") != "" {
					t.Errorf("reads foreign bytes with capabilities %s", eff)
				}
			}
			port := talk(t, n)
			got := r.ends(t)
			rs := records(t, got.stdout)
			if got.code != 0 || rs[0]["backend"] != backend {
				t.Fatalf("code %d, %v, %s", got.code, rs[0], got.stderr)
			}
			flows := 0
			for _, rec := range rs {
				if rec["type"] == "flow" && fmt.Sprint(rec["server"].(map[string]any)["port"]) == fmt.Sprint(port) {
					flows++
				}
			}
			if flows != 1 {
				t.Errorf("%d flows to port %d: %s", flows, port, got.stdout)
			}
			if strings.Contains(got.stderr, `"level":"error"`) {
				t.Error(got.stderr)
			}
		})
	}
}

// talk has something said on loopback, and returns the port of who listened.
func talk(t *testing.T, n *netns.NS) uint16 {
	t.Helper()
	l, err := n.Listen("tcp", netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	c, err := n.Dial(t.Context(), "tcp", netip.AddrPort{}, at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	c.Write([]byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"))
	b := make([]byte, 16)
	if _, err := o.Read(b); err != nil {
		t.Fatal(err)
	}
	return at.Port()
}

func TestWatchWithoutPrivileges(t *testing.T) {
	n := needRoot(t)
	cmd := exec.Command(os.Args[0], "watch", "-i", "lo", "--duration", "1s")
	cmd.Env = append(os.Environ(), childEnv+"=bare")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := n.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitPrivilege || !strings.Contains(stderr.String(), "CAP_") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("code %d: %s", code, &stderr)
	}
}
