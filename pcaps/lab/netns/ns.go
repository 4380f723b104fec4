package netns

import (
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// NS is a network namespace. Its methods may be called from any goroutine, at the
// same time too.
type NS struct {
	name string
	nl   *netlink.Handle // with its socket inside

	mu sync.RWMutex
	fd int // that keeps the namespace; -1 when closed
	// anyIP is whether AnyIP was called: then routes must be in the local table.
	anyIP bool
}

// New makes a namespace with loopback up and nothing else in it. The name is for
// error messages and decides the hardware addresses of its interfaces.
func New(name string) (*NS, error) {
	n := &NS{name: name, fd: -1}
	unshare := func() error { return unix.Unshare(unix.CLONE_NEWNET) }
	if err := away(unshare, n.furnish); err != nil {
		if n.fd >= 0 {
			n.Close()
		}
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	return n, nil
}

// furnish takes hold of the namespace that the thread is in, and prepares it.
func (n *NS) furnish() (err error) {
	if n.fd, err = unix.Open(here, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	if n.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return err
	}
	for _, s := range quiet {
		if err := writeSysctl(s.key, s.value); err != nil {
			return err
		}
	}
	return n.Up("lo")
}

// Close lets go of the namespace. The kernel removes it, a little later and with
// everything in it, when the last socket inside is closed and the last [NS.Do] has
// returned.
func (n *NS) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fd < 0 {
		return fmt.Errorf("namespace %s: %w", n.name, os.ErrClosed)
	}
	if n.nl != nil {
		n.nl.Close()
	}
	fd := n.fd
	n.fd = -1
	return unix.Close(fd)
}

// Name returns what New was told.
func (n *NS) Name() string { return n.name }

// Path names the namespace for other programs, as long as it is open:
//
//	nsenter --net=PATH tcpdump -i eth0
func (n *NS) Path() string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.fd)
}

// Do runs f on a thread inside the namespace. Sockets that f makes stay in the
// namespace; goroutines that it starts are not inside. Calls do not wait for each
// other, but each occupies a thread while it runs.
func (n *NS) Do(f func() error) error { return away(n.enter, f) }

func (n *NS) enter() error {
	n.mu.RLock() // or the descriptor's number could be another file's by now
	defer n.mu.RUnlock()
	if n.fd < 0 {
		return fmt.Errorf("namespace %s: %w", n.name, os.ErrClosed)
	}
	if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s: %w", n.name, err)
	}
	return nil
}

// MAC returns the hardware address that an interface of the namespace gets from
// [Link]: locally administered, the same in every run.
func (n *NS) MAC(ifname string) net.HardwareAddr { return hardwareAddr(n.name, ifname) }
