//go:build linux

package packets

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/bpf"
)

// Sweep removes filters of ours that an earlier process left on an interface of the
// calling thread's network namespace, and the clsact qdisc if it was ours and nothing
// is left in it. It returns how many filters went. Filters of processes that run stay,
// as far as they can be seen: another PID namespace's cannot.
func Sweep(ifindex int) (int, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return 0, fmt.Errorf("clsact: %w", err)
	}
	defer nl.Close()
	return sweep(nl, ifindex, func(o owner) bool { return !o.runs() })
}

// Broom removes the filters of one process, of which its user knows that it ended:
// that its pid is still there tells nothing, if nobody has waited for it.
type Broom struct {
	nl *netlink.Handle
	of owner
}

// NewBroom returns one for a process that runs, in the calling thread's network
// namespace.
func NewBroom(pid int) (*Broom, error) {
	start, err := started(pid)
	if err != nil {
		return nil, err
	}
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("clsact: %w", err)
	}
	return &Broom{nl, owner{pid: pid, start: start}}, nil
}

// Sweep removes the process's filters from an interface, and the clsact qdisc as
// [Sweep] does. It needs CAP_NET_ADMIN.
func (b *Broom) Sweep(ifindex int) (int, error) {
	return sweep(b.nl, ifindex, func(o owner) bool { return o.pid == b.of.pid && o.start == b.of.start })
}

// Close ends its use.
func (b *Broom) Close() { b.nl.Close() }

// sweep removes the filters of those that are over.
func sweep(nl *netlink.Handle, ifindex int, over func(owner) bool) (int, error) {
	n, err := remove(nl, ifindex, over)
	if err != nil {
		return n, bpf.Refused(fmt.Sprintf("removing old filters from interface %d", ifindex), err, bpf.NetAdmin)
	}
	return n, nil
}

func remove(nl *netlink.Handle, ifindex int, over func(owner) bool) (n int, err error) {
	made := false
	for _, parent := range parents {
		list, err := filters(nl, ifindex, parent)
		if err != nil {
			return n, err
		}
		for _, f := range list {
			o, ok := ownerOf(f)
			if !ok || !over(o) {
				continue
			}
			if err := nl.FilterDel(f); !gone(err) {
				return n, err
			}
			n++
			made = made || o.made
		}
	}
	if made {
		err = dropQdisc(nl, ifindex)
	}
	return n, err
}

// owner is who attached a filter, as its name says.
type owner struct {
	pid   int
	start string // when it started, clock ticks since boot: pids are used again
	made  bool   // the qdisc too
}

const (
	ownPrefix = "chokepoint "
	ownQdisc  = " qdisc"
)

// ownName is the name of this process's filters.
func ownName(made bool) (string, error) {
	pid := os.Getpid()
	start, err := started(pid)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s%d/%s", ownPrefix, pid, start)
	if made {
		name += ownQdisc
	}
	return name, nil
}

// ownerOf reads the name of a filter; ok says that it is one of ours.
func ownerOf(f netlink.Filter) (o owner, ok bool) {
	b, isBPF := f.(*netlink.BpfFilter)
	if !isBPF {
		return o, false
	}
	name, ok := strings.CutPrefix(strings.TrimRight(b.Name, "\x00"), ownPrefix)
	if !ok {
		return o, false
	}
	name, o.made = strings.CutSuffix(name, ownQdisc)
	n, err := fmt.Sscanf(name, "%d/%s", &o.pid, &o.start)
	return o, err == nil && n == 2
}

// runs says whether the process still is; if that cannot be found out, that it does.
func (o owner) runs() bool {
	start, err := started(o.pid)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return false
	}
	return err != nil || start == o.start
}

// started returns field 22 of /proc/PID/stat (proc_pid_stat(5)). A process that
// ended is not there, even if nobody has waited for it yet.
func started(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The second field is a name in brackets, which may hold anything.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' {
		return "", fs.ErrNotExist
	}
	return string(fields[22-3]), nil // the first of fields is the third
}
