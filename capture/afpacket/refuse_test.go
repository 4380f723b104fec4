//go:build linux

package afpacket

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/netns"
)

// TestRefuses says what is wrong with a configuration.
func TestRefuses(t *testing.T) {
	a, _ := pair(t)
	if err := netns.Link(a, "wan", a, "wan2"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conf Config
		want string
	}{
		{on("eth7"), `interface "eth7": no such device; there are `},
		{on("eth7"), "eth0"},
		{on("eth0", "eth7"), "wan2"},
		{on("a-name-too-long-for-one"), "no such device"},
		{on(""), "no such device"},
		{on(), "no interface"},
		{on("eth0", "lo", "eth0"), "eth0: named twice"},
		{Config{Interfaces: []string{"eth0"}, Snap: 1 << 20}, "snap length"},
		{Config{Interfaces: []string{"eth0"}, Snap: 40}, "snap length"},
	} {
		before := held(t)
		if err := a.Do(func() error { _, err := Open(c.conf); return err }); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.conf.Interfaces, err, c.want)
		}
		if after := held(t); after != before {
			t.Errorf("%q: %+v are held, %+v before", c.conf.Interfaces, after, before)
		}
	}
}

// TestUnprivileged: the capability that is missing is named.
func TestUnprivileged(t *testing.T) {
	need(t)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its capabilities
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&head, &none[0]); err != nil {
			done <- err
			return
		}
		_, err := Open(on("lo"))
		done <- err
	}()
	err := <-done
	var u *bpf.Unavailable
	if !errors.As(err, &u) || u.Lacks != "capability CAP_NET_RAW" || !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "capture on lo by AF_PACKET needs") {
		t.Errorf("%v", err)
	}
}
