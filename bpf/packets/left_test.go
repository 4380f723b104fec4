//go:build linux

package packets

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/netns"
)

// leave makes TestLeave a process that attaches and is killed.
const leave = "CHOKEPOINT_TEST_LEAVE"

// TestLeave is no test: other tests run it inside a namespace.
func TestLeave(t *testing.T) {
	if os.Getenv(leave) == "" {
		t.Skip("run by other tests")
	}
	p, err := Load(small)
	if err != nil {
		t.Fatal(err)
	}
	link, err := net.InterfaceByName(eth)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AttachClsact(link.Index, false); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	t.Fatal("nobody killed it")
}

// traces counts the filters in both directions of an interface, and its clsact qdiscs.
func traces(t *testing.T, n *netns.NS, ifindex int) (filters, qdiscs int) {
	t.Helper()
	err := n.Do(func() error {
		link, err := netlink.LinkByIndex(ifindex)
		if err != nil {
			return err
		}
		for _, parent := range parents {
			list, err := netlink.FilterList(link, parent)
			if err != nil {
				return err
			}
			filters += len(list)
		}
		list, err := netlink.QdiscList(link)
		for _, q := range list {
			if q.Type() == "clsact" {
				qdiscs++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return filters, qdiscs
}

func left(t *testing.T, when string, n *netns.NS, ifindex, filters, qdiscs int) {
	t.Helper()
	if f, q := traces(t, n, ifindex); f != filters || q != qdiscs {
		t.Errorf("%s: %d filters in %d qdiscs, want %d in %d", when, f, q, filters, qdiscs)
	}
}

func swept(t *testing.T, n *netns.NS, ifindex, want int) {
	t.Helper()
	err := n.Do(func() error {
		got, err := Sweep(ifindex)
		if got != want {
			t.Errorf("swept %d filters, want %d", got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// killed runs TestLeave in a namespace until it has attached, calls during, and kills it.
func killed(t *testing.T, c *cable, before int, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t.Setenv(leave, "1")
	done := make(chan error, 1)
	go func() {
		out, err := c.a.Command(ctx, os.Args[0], "-test.run=^TestLeave$")
		done <- errors.Join(err, errors.New(string(out)))
	}()
	eventually(t, "the process does not attach", func() bool {
		f, _ := traces(t, c.a, c.ifa)
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
		return f == before+2
	})
	during()
	cancel()
	<-done
}

// Filters outlive a killed process. They are swept when it is gone, not before, with
// the qdisc that it made.
func TestSweep(t *testing.T) {
	c := plugged(t)
	need(t)
	left(t, "before", c.a, c.ifa, 0, 0)
	swept(t, c.a, c.ifa, 0)
	killed(t, c, 0, func() { swept(t, c.a, c.ifa, 0) })
	left(t, "after the kill", c.a, c.ifa, 2, 1)
	swept(t, c.a, c.ifa, 2)
	left(t, "after the sweep", c.a, c.ifa, 0, 0)
	swept(t, c.a, c.ifa, 0)
}

// Nobody else's filters and qdisc are touched, whoever came first; and two of us are
// in nobody's way.
func TestClsactBesideOthers(t *testing.T) {
	p, q, c := loaded(t, small), loaded(t, small), plugged(t)
	err := c.a.Do(func() error {
		if err := netlink.QdiscAdd(qdisc(c.ifa)); err != nil {
			return err
		}
		// The first priority is another protocol's.
		return netlink.FilterAdd(&netlink.BpfFilter{Fd: p.EtherOut.FD(), Name: "another's", DirectAction: true, FilterAttrs: netlink.FilterAttrs{
			LinkIndex: c.ifa, Parent: netlink.HANDLE_MIN_EGRESS, Priority: priority, Protocol: unix.ETH_P_IP}})
	})
	if err != nil {
		t.Fatal(err)
	}
	one := attached(t, c.a, (*Program).AttachClsact, p, c.ifa, false)
	two := attached(t, c.a, (*Program).AttachClsact, q, c.ifa, false)
	left(t, "with both", c.a, c.ifa, 5, 1)
	packetSocket(t, c.a, c.ifa)(ether(0x0806, zeros(46)))
	for _, x := range []*Program{p, q} {
		eventually(t, "one of two does not see the packet", func() bool { return counts(t, x).Seen == 1 })
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	left(t, "without the first", c.a, c.ifa, 3, 1)
	killed(t, c, 3, func() {})
	swept(t, c.a, c.ifa, 2)
	left(t, "after the sweep", c.a, c.ifa, 3, 1)
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	left(t, "at the end", c.a, c.ifa, 1, 1)
}

// Close leaves nothing, and is content when the interface went first.
func TestClsactLeavesNothing(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	end := attached(t, c.a, (*Program).AttachClsact, p, c.ifa, false)
	left(t, "attached", c.a, c.ifa, 2, 1)
	if err := errors.Join(end.Close(), end.Close()); err != nil {
		t.Error(err)
	}
	left(t, "closed", c.a, c.ifa, 0, 0)
	for _, b := range backends {
		attached(t, c.b, b.attach, p, c.ifb, false) // closed when the test ends
	}
	err := c.b.Do(func() error {
		link, err := netlink.LinkByIndex(c.ifb)
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stripped runs f in a namespace on a thread without any capability.
func stripped(t *testing.T, n *netns.NS, f func() error) {
	t.Helper()
	err := n.Do(func() error {
		// The thread cannot go home from there, and ends with this.
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&head, &none[0]); err != nil {
			return err
		}
		defer runtime.KeepAlive(&none)
		return f()
	})
	if err != nil {
		t.Error(err)
	}
}

// A loaded program is attached by TCX, read and swept without capabilities.
func TestWithoutCapabilities(t *testing.T) {
	cfg := counting
	p, c := loaded(t, cfg), plugged(t)
	var end io.Closer
	stripped(t, c.a, func() (err error) {
		end, err = p.AttachTCX(c.ifa, false)
		return err
	})
	if end == nil {
		t.FailNow()
	}
	send := packetSocket(t, c.a, c.ifa)
	for range 5 {
		send(ether(0x0800, v4(17, udp(1, 2, zeros(10)))))
	}
	stripped(t, c.a, func() error {
		got := map[string]Unseen{}
		unseen(t, p, got)
		if segs, _ := total(got); segs != 4 || len(records(t, p)) != 1 || counts(t, p).Seen != 5 {
			t.Errorf("%+v, %+v", got, counts(t, p))
		}
		return end.Close()
	})
}

// What is missing is told by name.
func TestUnavailable(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	lacks := func(what string, err error, want ...string) {
		t.Helper()
		var u *bpf.Unavailable
		if !errors.As(err, &u) {
			t.Errorf("%s: %v is no *bpf.Unavailable", what, err)
			return
		}
		for _, w := range want {
			if !strings.Contains(u.Lacks, w) {
				t.Errorf("%s: lacks %q, want %s", what, u.Lacks, w)
			}
		}
	}
	stripped(t, c.a, func() error {
		_, err := Load(small)
		lacks("loading", err, "CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON")
		_, err = p.AttachClsact(c.ifa, false)
		lacks("clsact", err, "CAP_NET_ADMIN")
		return nil
	})
	for _, b := range backends {
		_, err := b.attach(p, 1<<20, false)
		lacks(b.name+" without interface", err, "interface")
	}
	left(t, "after all that", c.a, c.ifa, 0, 0)
}
