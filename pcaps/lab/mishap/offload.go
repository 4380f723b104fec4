//go:build linux

package mishap

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What ethtool -K switches on, by the older commands (linux/ethtool.h), in the order
// in which one needs another.
var offloads = []uint32{
	unix.ETHTOOL_SRXCSUM, unix.ETHTOOL_STXCSUM, unix.ETHTOOL_SSG, unix.ETHTOOL_SGSO, unix.ETHTOOL_STSO, unix.ETHTOOL_SGRO,
}

// Offload leaves segmentation, merging and checksums to both interfaces, as hosts
// do: frames of 64 kB with unfinished checksums pass.
func (p *Pair) Offload() error {
	return errors.Join(p.Here.Do(offload), p.There.Do(offload))
}

func offload() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	for _, cmd := range offloads {
		value := struct{ cmd, data uint32 }{cmd, 1}
		req := struct { // struct ifreq
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(&value)}
		copy(req.name[:unix.IFNAMSIZ-1], Interface)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
			return fmt.Errorf("%s: ethtool command %#x: %w", Interface, cmd, errno)
		}
	}
	return nil
}
