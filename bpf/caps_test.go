//go:build linux

package bpf

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// with runs f on a thread that has only these capabilities in effect; the thread ends
// with it. Taking capabilities away needs none.
func with(t *testing.T, have []Capability, f func()) {
	t.Helper()
	if lacks := Lacks(have...); len(lacks) > 0 {
		if os.Getenv("REQUIRE_BPF") == "1" {
			t.Fatal("needs " + strings.Join(lacks, ", "))
		}
		t.Skip("needs " + strings.Join(lacks, ", "))
	}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		for _, c := range have {
			sets[c/32].Effective |= 1 << (c % 32)
			sets[c/32].Permitted |= 1 << (c % 32)
		}
		if err = unix.Capset(&head, &sets[0]); err == nil {
			f()
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
}

func TestLacks(t *testing.T) {
	need := []Capability{BPF, NetAdmin, Perfmon}
	for _, c := range []struct{ have, lacks []Capability }{
		{nil, need},
		{[]Capability{NetAdmin}, []Capability{BPF, Perfmon}},
		{[]Capability{BPF, Perfmon}, []Capability{NetAdmin}},
		{[]Capability{SysAdmin}, []Capability{NetAdmin}},
		{[]Capability{SysAdmin, NetAdmin}, nil},
		{need, nil},
	} {
		with(t, c.have, func() {
			var want []string
			for _, l := range c.lacks {
				want = append(want, "capability "+l.String())
			}
			if got := Lacks(need...); !slices.Equal(got, want) {
				t.Errorf("with %v: lacks %q, want %q", c.have, got, want)
			}
			if got := Lacks(); len(got) > 0 {
				t.Errorf("nothing is needed and %q lacking", got)
			}
		})
	}
}

// What is lacking goes before what the kernel answered.
func TestRefused(t *testing.T) {
	with(t, nil, func() {
		u := Refused("loading", unix.ENOMEM, BPF, Perfmon)
		if u.Lacks != "capability CAP_BPF, capability CAP_PERFMON" || !strings.Contains(u.Advice, "cap_bpf,cap_perfmon+ep") || !errors.Is(u, unix.ENOMEM) {
			t.Error(u)
		}
	})
	for _, c := range []struct {
		err  error
		want string
	}{
		{unix.ENOMEM, "memory"}, {unix.ENOSYS, "CONFIG_BPF_SYSCALL"}, {unix.EPERM, "permission"}, {unix.ENODEV, "interface"},
		{fmt.Errorf("a: %w", ebpf.ErrNotSupported), "newer kernel"}, {fmt.Errorf("a: %w", &ebpf.VerifierError{Cause: unix.EACCES}), "accepts the program"},
	} {
		if u := Refused("loading", c.err); !strings.Contains(u.Lacks, c.want) {
			t.Errorf("%v: lacks %q, want %q", c.err, u.Lacks, c.want)
		}
	}
}

func TestKernel(t *testing.T) {
	major, minor := Kernel()
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil || !strings.HasPrefix(string(release), fmt.Sprintf("%d.%d.", major, minor)) {
		t.Errorf("%d.%d of %q, %v", major, minor, release, err)
	}
}
