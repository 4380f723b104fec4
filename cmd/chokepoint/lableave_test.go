//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/pcaps/lab/netns"
)

// TestTheLabLeavesNothing ends "lab run" in the middle, in each way in which a
// program ends: no namespace, no process, no file is left. It needs root.
func TestTheLabLeavesNothing(t *testing.T) {
	if lacks := netns.Missing(); len(lacks) > 0 {
		if os.Getenv("REQUIRE_BPF") == "1" {
			t.Fatal("needs ", lacks)
		}
		t.Skip("needs ", lacks)
	}
	program := filepath.Join(t.TempDir(), "chokepoint")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) { interrupted(t, program, sig) })
	}
}

func interrupted(t *testing.T, program string, sig syscall.Signal) {
	before := namespaces(t)
	scratch := t.TempDir()
	cmd := exec.Command(program, "lab", "run", "reset-race")
	cmd.Dir = scratch
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // it has ended, or the test has failed
	if !eventually(func() bool { return len(openNamespaces(cmd.Process.Pid)) >= 3 }) {
		t.Fatal("no namespaces were made")
	}
	made := openNamespaces(cmd.Process.Pid)
	time.Sleep(500 * time.Millisecond) // packets are on their way
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // how it ends differs
	gone := func() bool {
		now := namespaces(t)
		return !slices.ContainsFunc(made, func(ns string) bool { return now[ns] && !before[ns] })
	}
	if !eventually(gone) {
		t.Error("a process is left in a namespace of the lab")
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if named, err := os.ReadDir("/run/netns"); err == nil {
		for _, n := range named {
			if strings.Contains(n.Name(), "chokepoint") || strings.Contains(n.Name(), "lab") {
				t.Errorf("left in /run/netns: %s", n.Name())
			}
		}
	}
}

// eventually waits until something is so, for a busy machine's while.
func eventually(so func() bool) bool {
	for range 200 {
		if so() {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// openNamespaces are the network namespaces that a process holds open.
func openNamespaces(pid int) (out []string) {
	fds, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*"))
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "net:") && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// namespaces are the network namespaces that any thread is in or any process holds.
func namespaces(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, pattern := range []string{"/proc/[0-9]*/task/[0-9]*/ns/net", "/proc/[0-9]*/fd/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if to, err := os.Readlink(p); err == nil && strings.HasPrefix(to, "net:") {
				out[to] = true
			}
		}
	}
	return out
}
