package soak

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/replay"
)

// held is what the kernel keeps for a process, by its own numbers.
type held struct {
	programs, maps, links []uint32
	children              []int // processes
}

// holds looks through the descriptors of a process (proc_pid_fdinfo(5)).
func holds(t *testing.T, pid int) (h held) {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no descriptors: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // closed meanwhile
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			to := map[string]*[]uint32{"prog_id": &h.programs, "map_id": &h.maps, "link_id": &h.links}[key]
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); to != nil && err == nil {
				*to = append(*to, uint32(n))
			}
		}
	}
	h.children = children(t, pid)
	return h
}

// children are the processes that a process started.
func children(t *testing.T, pid int) (all []int) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if fields := stat(path); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// stat returns what comes behind the name in /proc/PID/stat, the state first; nil if
// there is no such process.
func stat(path string) []string {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}

// rest is what of it is still there.
func (h held) rest() (left []string) {
	there := func(what string, id uint32, err error) {
		if !errors.Is(err, os.ErrNotExist) {
			left = append(left, fmt.Sprintf("%s %d (%v)", what, id, err))
		}
	}
	for _, id := range h.programs {
		p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
		there("program", id, err)
		p.Close()
	}
	for _, id := range h.maps {
		m, err := ebpf.NewMapFromID(ebpf.MapID(id))
		there("map", id, err)
		m.Close()
	}
	for _, id := range h.links {
		l, err := link.NewFromID(link.ID(id))
		there("link", id, err)
		if err == nil {
			l.Close()
		}
	}
	for _, pid := range h.children {
		if s := stat(fmt.Sprintf("/proc/%d/stat", pid)); len(s) > 0 && s[0] != "Z" {
			left = append(left, fmt.Sprintf("process %d", pid))
		}
	}
	return left
}

// attached is what is on the watched interface: names of filters, qdiscs that were
// not there, and how many sockets of AF_PACKET there are.
func attached(t *testing.T, rig *replay.Rig) (filters []string, qdiscs, sockets int) {
	t.Helper()
	err := rig.Near.Do(func() error {
		l, err := netlink.LinkByName(replay.Watched)
		if err != nil {
			return err
		}
		for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS} {
			list, err := netlink.FilterList(l, parent)
			if err != nil && !errors.Is(err, unix.EINVAL) { // without clsact
				return err
			}
			for _, f := range list {
				if b, ok := f.(*netlink.BpfFilter); ok {
					filters = append(filters, b.Name)
				}
			}
		}
		list, err := netlink.QdiscList(l)
		for _, q := range list {
			if q.Type() == "clsact" {
				qdiscs++
			}
		}
		if err != nil {
			return err
		}
		f, err := os.Open("/proc/thread-self/net/packet")
		if err != nil {
			return err
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			sockets++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return filters, qdiscs, sockets
}

// nothing waits until nothing is left: the kernel frees later.
func nothing(t *testing.T, rig *replay.Rig, h held, sockets int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left := h.rest()
		filters, qdiscs, now := attached(t, rig)
		if len(left)+len(filters)+qdiscs == 0 && now == sockets {
			return
		}
		if time.Now().After(end) {
			t.Errorf("left behind: %v, filters %q, %d clsact, %d sockets and not %d", left, filters, qdiscs, now, sockets)
			return
		}
	}
}

// busy plays for as long as a test does.
func busy(t *testing.T, rig *replay.Rig) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				churn(t, rig, 100*time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

// TestNothingIsLeft: in the middle of traffic, however it ends.
func TestNothingIsLeft(t *testing.T) {
	need(t)
	path := built(t)
	rig := rigged(t, "left")
	_, _, sockets := attached(t, rig)
	busy(t, rig)
	for _, backend := range []string{"tcx", "clsact", "afpacket"} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			t.Run(backend+" "+unix.SignalName(signal), func(t *testing.T) {
				w := begin(t, rig, path, time.Second, "--backend", backend)
				h := holds(t, w.cmd.Process.Pid)
				there(t, rig, backend, h, sockets)
				if err := w.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				select {
				case <-w.ended:
				case <-time.After(patience):
					t.Fatal("does not end")
				}
				if ok := w.cmd.ProcessState.Success(); ok == (signal == syscall.SIGKILL) {
					t.Errorf("%v: %s", w.cmd.ProcessState, w.rest())
				}
				nothing(t, rig, h, sockets)
			})
		}
	}
}

// there makes sure that there is something that could be left.
func there(t *testing.T, rig *replay.Rig, backend string, h held, sockets int) {
	t.Helper()
	filters, qdiscs, now := attached(t, rig)
	if len(h.links) == 0 || len(h.maps) == 0 { // testimony, whatever the packets come by
		t.Errorf("%+v", h)
	}
	want := map[string][4]int{"tcx": {2, 0, 0, 0}, "clsact": {0, 2, 1, 1}, "afpacket": {0, 0, 0, 0}}[backend]
	if len(filters) != want[1] || qdiscs != want[2] || len(h.children) != want[3] || backend == "afpacket" && now <= sockets {
		t.Errorf("filters %q, %d clsact, %d children, %d sockets after %d", filters, qdiscs, len(h.children), now, sockets)
	}
	for _, name := range filters {
		if !strings.HasPrefix(name, "chokepoint ") {
			t.Errorf("a filter called %q", name)
		}
	}
}

// TestTheNextStartSweeps: who kills both the program and its sweeper leaves filters,
// which bear its name and go at the next start.
func TestTheNextStartSweeps(t *testing.T) {
	need(t)
	path := built(t)
	rig := rigged(t, "sweep")
	_, _, sockets := attached(t, rig)
	w := begin(t, rig, path, time.Second, "--backend", "clsact")
	h := holds(t, w.cmd.Process.Pid)
	for _, pid := range append(h.children, w.cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	<-w.ended
	if filters, qdiscs, _ := attached(t, rig); len(filters) != 2 || qdiscs != 1 {
		t.Errorf("filters %q, %d clsact", filters, qdiscs)
	}
	w = begin(t, rig, path, time.Second, "--backend", "clsact")
	if filters, _, _ := attached(t, rig); len(filters) != 2 {
		t.Errorf("filters %q", filters)
	}
	if !strings.Contains(w.rest(), "2 filters of an earlier run removed") {
		t.Error(w.rest())
	}
	w.interrupt(t)
	nothing(t, rig, h, sockets)
}
