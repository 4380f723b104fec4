//go:build linux

package packets

import (
	"os"
	"os/exec"
	"testing"

	"github.com/vishvananda/netlink"
)

// A broom removes one process's filters, and asks not whether it still is: who has
// it knows. Others' stay.
func TestBroom(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	attached(t, c.a, (*Program).AttachClsact, p, c.ifa, false)
	killed(t, c, 2, func() {
		err := c.a.Do(func() error {
			b, err := NewBroom(other(t, c.ifa))
			if err != nil {
				return err
			}
			defer b.Close()
			for _, want := range []int{2, 0} {
				if n, err := b.Sweep(c.ifa); n != want || err != nil {
					t.Errorf("swept %d filters, want %d: %v", n, want, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		left(t, "after the broom", c.a, c.ifa, 2, 1)
	})
	if _, err := NewBroom(1 << 30); err == nil {
		t.Error("a broom for a process that is not")
	}
}

// other is the process besides this one that has filters on an interface.
func other(t *testing.T, ifindex int) int {
	t.Helper()
	nl, err := netlink.NewHandle()
	if err != nil {
		t.Fatal(err)
	}
	defer nl.Close()
	list, err := filters(nl, ifindex, parents[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if o, ok := ownerOf(f); ok && o.pid != os.Getpid() {
			return o.pid
		}
	}
	t.Fatal("nobody else has filters")
	return 0
}

// A process that ended and that nobody has waited for does not run.
func TestZombiesDoNotRun(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	start, err := started(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	o := owner{pid: cmd.Process.Pid, start: start}
	if !o.runs() {
		t.Error("it runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a zombie runs", func() bool { return !o.runs() })
	_ = cmd.Wait()
	if o.runs() {
		t.Error("it is gone")
	}
}
