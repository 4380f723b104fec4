//go:build linux

package packets

import (
	"errors"
	"fmt"
	"io"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/bpf"
)

// Where the filters go: before others, which may end a packet's way, and beside
// those with the same priority. Handles tell ours apart: those of several processes.
const (
	priority    = 1
	priorities  = 8
	firstHandle = 0xc40ce
	handles     = 16
)

// parents are the two directions of a clsact qdisc: TC_H_MIN_INGRESS and _EGRESS of
// linux/pkt_sched.h.
var parents = [2]uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS}

// clsact is an attachment. Its socket stays in the namespace where it was opened.
type clsact struct {
	nl      *netlink.Handle // nil: closed
	ifindex int
	made    bool // the qdisc is ours
	filters []netlink.Filter
}

// AttachClsact attaches to both directions of an interface of the calling thread's
// network namespace by clsact filters. They outlive the process; their name says whose
// they are, and Sweep removes them. l3 says that frames have no link header. Both
// attaching and Close need CAP_NET_ADMIN.
func (p *Program) AttachClsact(ifindex int, l3 bool) (io.Closer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("clsact: %w", err)
	}
	c := &clsact{nl: nl, ifindex: ifindex}
	in, out := p.programs(l3)
	if err = c.attach([2]int{in.FD(), out.FD()}); err != nil {
		// Removing what was attached may fail for the same reason.
		_ = c.Close()
		return nil, bpf.Refused(fmt.Sprintf("attaching to interface %d by clsact", ifindex), err, bpf.NetAdmin)
	}
	return c, nil
}

func (c *clsact) attach(programs [2]int) error {
	err := c.nl.QdiscAdd(qdisc(c.ifindex))
	if c.made = err == nil; !c.made && !errors.Is(err, unix.EEXIST) {
		return err
	}
	name, err := ownName(c.made)
	if err != nil {
		return err
	}
	for i, parent := range parents {
		if i == 1 && c.ifindex == loopback {
			break // see AttachTCX
		}
		f := &netlink.BpfFilter{
			FilterAttrs: netlink.FilterAttrs{LinkIndex: c.ifindex, Parent: parent, Protocol: unix.ETH_P_ALL},
			Fd:          programs[i], Name: name, DirectAction: true,
		}
		if err := c.add(f); err != nil {
			return err
		}
		c.filters = append(c.filters, f)
	}
	return nil
}

// add finds a free place for a filter.
func (c *clsact) add(f *netlink.BpfFilter) (err error) {
	for f.Priority = priority; f.Priority < priority+priorities; f.Priority++ {
		for f.Handle = firstHandle; f.Handle < firstHandle+handles; f.Handle++ {
			if err = c.nl.FilterAdd(f); err == nil {
				return nil
			}
			if !errors.Is(err, unix.EEXIST) {
				break
			}
		}
		// EINVAL: the priority is another kind's or another protocol's.
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return err
}

// Close implements io.Closer.
func (c *clsact) Close() (err error) {
	if c.nl == nil {
		return nil
	}
	for _, f := range c.filters {
		if e := c.nl.FilterDel(f); !gone(e) {
			err = errors.Join(err, e)
		}
	}
	if c.made && err == nil {
		err = dropQdisc(c.nl, c.ifindex)
	}
	c.nl.Close()
	c.nl = nil
	if err != nil {
		return bpf.Refused(fmt.Sprintf("detaching from interface %d", c.ifindex), err, bpf.NetAdmin)
	}
	return nil
}

func qdisc(ifindex int) netlink.Qdisc {
	return &netlink.GenericQdisc{QdiscType: "clsact", QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: ifindex, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}
}

// dropQdisc removes the qdisc if there is nothing in it.
func dropQdisc(nl *netlink.Handle, ifindex int) error {
	for _, parent := range parents {
		left, err := filters(nl, ifindex, parent)
		if err != nil || len(left) > 0 {
			return err
		}
	}
	if err := nl.QdiscDel(qdisc(ifindex)); !gone(err) {
		return err
	}
	return nil
}

// filters lists what is in one direction; nothing if there is no interface.
func filters(nl *netlink.Handle, ifindex int, parent uint32) ([]netlink.Filter, error) {
	list, err := nl.FilterList(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: ifindex}}, parent)
	if gone(err) {
		return list, nil
	}
	return list, err
}

// gone says that something is removed, or was not there: ENODEV without the
// interface, EINVAL without the qdisc, ENOENT without the filter.
func gone(err error) bool {
	return err == nil || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)
}
