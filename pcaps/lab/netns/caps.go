package netns

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// needed are the capabilities without which the lab cannot play.
var needed = []struct {
	bit  uint
	name string
}{
	{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN"}, // interfaces, routes, SO_RCVBUFFORCE
	{unix.CAP_NET_RAW, "CAP_NET_RAW"},     // AF_PACKET
	{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, // unshare and setns
}

// Missing returns what this process lacks to make namespaces and play in them, in
// words that fit behind "needs"; it is empty when nothing is.
func Missing() (lacks []string) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&head, &sets[0]); err != nil {
		return []string{fmt.Sprintf("capabilities that can be read (capget: %v)", err)}
	}
	for _, c := range needed {
		if sets[c.bit/32].Effective>>(c.bit%32)&1 == 0 {
			lacks = append(lacks, "capability "+c.name)
		}
	}
	if len(lacks) > 0 {
		return lacks // what follows fails for that alone
	}
	n, err := New("probe")
	if err != nil {
		return []string{fmt.Sprintf("network namespaces (%v)", err)}
	}
	n.Close()
	return nil
}
