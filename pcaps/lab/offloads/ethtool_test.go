//go:build linux

package offloads

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// offload is what is left to an interface. Checksums and scatter-gather, which the
// others need, go with them.
type offload struct{ tso, gso, gro bool }

var (
	allOn   = offload{tso: true, gso: true, gro: true}
	allOff  = offload{}
	gsoOnly = offload{gso: true}
	groOnly = offload{gro: true}
)

// set switches the offloads of an interface (the older commands of linux/ethtool.h,
// in the order in which one needs another).
func (o offload) set(ns *netns.NS, ifname string) error {
	basic := o != allOff
	return ns.Do(func() error {
		return errors.Join(
			ethtool(ifname, unix.ETHTOOL_SRXCSUM, basic), ethtool(ifname, unix.ETHTOOL_STXCSUM, basic),
			ethtool(ifname, unix.ETHTOOL_SSG, basic), ethtool(ifname, unix.ETHTOOL_SGSO, o.gso),
			ethtool(ifname, unix.ETHTOOL_STSO, o.tso), ethtool(ifname, unix.ETHTOOL_SGRO, o.gro))
	})
}

// ethtool switches one on or off, in the calling thread's namespace.
func ethtool(ifname string, cmd uint32, on bool) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	value := struct{ cmd, data uint32 }{cmd: cmd}
	if on {
		value.data = 1
	}
	req := struct { // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(req.name[:unix.IFNAMSIZ-1], ifname)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
		return fmt.Errorf("%s: ethtool command %#x: %w", ifname, cmd, errno)
	}
	return nil
}
