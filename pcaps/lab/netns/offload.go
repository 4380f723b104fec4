package netns

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// featureWords is how many words of 32 features the kernel's answer has room for
// here; Linux 6.18 uses two (NETDEV_FEATURE_COUNT).
const featureWords = 4

// getFeatures is struct ethtool_gfeatures (linux/ethtool.h).
type getFeatures struct {
	cmd, size uint32 // size: in words here, of the kernel after the call
	words     [featureWords]struct{ available, requested, active, neverChanged uint32 }
}

// setFeatures is struct ethtool_sfeatures.
type setFeatures struct {
	cmd, size uint32
	words     [featureWords]struct{ valid, requested uint32 }
}

// ifreq is struct ifreq (linux/if.h) of SIOCETHTOOL.
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte // the union has larger members
}

// offloadsOff takes from an interface of the calling thread's namespace all that
// can be taken: segmentation (TSO, GSO, UDP_SEGMENT), merging (GRO), checksums,
// scatter-gather, VLAN tags. Without that, frames of 64 kB with unfinished
// checksums pass a veth.
func offloadsOff(ifname string) error {
	s, err := ethtoolSocket()
	if err != nil {
		return err
	}
	defer unix.Close(s)
	get := getFeatures{cmd: unix.ETHTOOL_GFEATURES, size: featureWords}
	if err := ethtool(s, ifname, unsafe.Pointer(&get)); err != nil {
		return fmt.Errorf("read offloads: %w", err)
	}
	if get.size > featureWords {
		return fmt.Errorf("read offloads: the kernel has %d words of features, more than %d", get.size, featureWords)
	}
	set := setFeatures{cmd: unix.ETHTOOL_SFEATURES, size: get.size}
	for i := range get.words {
		set.words[i].valid = get.words[i].available // and requested stays 0
	}
	if err := ethtool(s, ifname, unsafe.Pointer(&set)); err != nil {
		return fmt.Errorf("switch offloads off: %w", err)
	}
	return nil
}

func ethtoolSocket() (int, error) {
	return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
}

// ethtool asks the driver; a positive answer, as that not all wishes were
// fulfilled, is no error.
func ethtool(socket int, ifname string, data unsafe.Pointer) error {
	req := ifreq{data: data}
	copy(req.name[:unix.IFNAMSIZ-1], ifname)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
		return errno
	}
	return nil
}
