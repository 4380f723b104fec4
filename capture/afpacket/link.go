//go:build linux

package afpacket

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

// device is what the kernel says of an interface.
type device struct {
	index    int
	kind     uint16 // ARPHRD_
	up       bool
	loopback bool
}

// find looks an interface up in the socket's network namespace, whatever that of
// the calling thread is. The error is ENODEV if there is none.
func find(fd int, name string) (d device, err error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return d, unix.ENODEV // too long a name for one
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return d, err
	}
	d.index = int(req.Uint32())
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return d, err
	}
	d.kind = req.Uint16()
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, req); err != nil {
		return d, err
	}
	d.up, d.loopback = req.Uint16()&unix.IFF_UP != 0, req.Uint16()&unix.IFF_LOOPBACK != 0
	return d, nil
}

// noSuch says which interfaces there are instead, in the calling thread's namespace.
func noSuch(name string) error {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		return fmt.Errorf("interface %q: %w", name, unix.ENODEV)
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return fmt.Errorf("interface %q: %w; there are %s", name, unix.ENODEV, strings.Join(names, ", "))
}

// linkType returns how the frames of a kind of device begin.
func linkType(name string, kind uint16) (capture.LinkType, error) {
	switch kind {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, // tun, WireGuard; mobile modems
		unix.ARPHRD_PPP, // ppp_generic shows what is inside
		unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_IP6GRE:
		return capture.LinkRaw, nil
	}
	return 0, fmt.Errorf("interface %s: its frames are of a kind that is not understood: %s", name, kindName(kind))
}

// kindNames are devices that somebody may try.
var kindNames = map[uint16]string{
	unix.ARPHRD_CAN: "CAN", unix.ARPHRD_FDDI: "FDDI", unix.ARPHRD_IEEE1394: "IEEE1394", unix.ARPHRD_IEEE80211: "IEEE80211",
	unix.ARPHRD_IEEE80211_PRISM: "IEEE80211_PRISM", unix.ARPHRD_IEEE80211_RADIOTAP: "IEEE80211_RADIOTAP",
	unix.ARPHRD_IEEE802154: "IEEE802154", unix.ARPHRD_IEEE802154_MONITOR: "IEEE802154_MONITOR", unix.ARPHRD_INFINIBAND: "INFINIBAND",
	unix.ARPHRD_6LOWPAN: "6LOWPAN", unix.ARPHRD_NETLINK: "NETLINK", unix.ARPHRD_PHONET: "PHONET", unix.ARPHRD_SLIP: "SLIP",
	unix.ARPHRD_VSOCKMON: "VSOCKMON", unix.ARPHRD_RAWHDLC: "RAWHDLC", unix.ARPHRD_HDLC: "HDLC", unix.ARPHRD_X25: "X25",
}

// kindName is the kernel's name of a kind of device (linux/if_arp.h).
func kindName(kind uint16) string {
	if n := kindNames[kind]; n != "" {
		return "ARPHRD_" + n
	}
	return fmt.Sprintf("ARPHRD %d", kind)
}
