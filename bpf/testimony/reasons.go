//go:build linux

package testimony

import (
	"strings"

	"github.com/cilium/ebpf/btf"
)

// How a reason is listed; the same bits as in testimony.bpf.c.
const (
	listed    = 1 << iota
	withPorts // only TCP and UDP
	onlyRST   // only TCP segments with RST: they were refused
	neverRST  // but not those
	inbound   // the packet came in, and nothing on it says so yet
)

// losses are the reasons (include/net/dropreason-core.h) for which a packet that
// somebody waits for ends on this host, and which a healthy transfer and its end
// never show. The numbers are the running kernel's; names that it does not know yet
// or no more are left out.
//
// Not listed are: what says nothing (NOT_SPECIFIED, which is also the end of FINs
// and RSTs in closing states); the leavings of closed sockets and devices
// (SOCKET_CLOSE, TCP_CLOSE, QUEUE_PURGE); packets for others (OTHERHOST, and
// IP_INNOROUTES on a host that does not forward); segments that TCP has already
// or cannot take yet and that the peer sends again as a matter of course
// (TCP_OLD_DATA, TCP_OFOMERGE, TCP_OLD_ACK, TCP_ZEROWINDOW, TCP_OVERWINDOW,
// TCP_OFO_QUEUE_PRUNE, PAWS); packets broken beyond a checksum; fragments that
// waited in vain, because the others were lost elsewhere (FRAG_REASM_TIMEOUT).
var losses = map[string]uint8{
	// A rule, or a program, refused it.
	"NETFILTER_DROP":    listed,
	"BPF_CGROUP_EGRESS": listed,             // systemd's IPAddressDeny, a container's policy
	"SOCKET_FILTER":     listed | withPorts, // the same inbound; ping's raw sockets have filters of their own
	"TC_INGRESS":        listed,
	"TC_EGRESS":         listed,
	"XDP":               listed | inbound, // generic XDP only: a driver tells nobody
	"SECURITY_HOOK":     listed,           // SELinux, AppArmor, Smack
	"XFRM_POLICY":       listed,           // not encrypted, and had to be
	"IP_RPFILTER":       listed,
	"IPV6DISABLED":      listed | withPorts, // routers advertise to who does not listen

	// Nobody was there. ICMP is delivered to raw sockets besides, and an echo reply
	// that ping has got ends like this (ping_rcv); a RST to a connection that is gone
	// has done no harm.
	"NO_SOCKET":           listed | withPorts | neverRST,
	"TCP_LISTEN_OVERFLOW": listed,

	// There was no room.
	"SOCKET_RCVBUFF":  listed,
	"SOCKET_BACKLOG":  listed,
	"PROTO_MEM":       listed,
	"NOMEM":           listed,
	"PFMEMALLOC":      listed,
	"TCP_OFO_DROP":    listed,
	"CPU_BACKLOG":     listed | inbound,
	"FULL_RING":       listed, // of a tun device or a veth pair
	"QDISC_DROP":      listed, // until Linux 6.13 also for what follows
	"QDISC_OVERLIMIT": listed, "QDISC_CONGESTED": listed, "CAKE_FLOOD": listed, "DUALPI2_STEP_DROP": listed,
	"FQ_BAND_LIMIT": listed, "FQ_HORIZON_LIMIT": listed, "FQ_FLOW_LIMIT": listed,

	// There was no way.
	"NEIGH_FAILED": listed, "NEIGH_CREATEFAIL": listed, "NEIGH_QUEUEFULL": listed, "NEIGH_DEAD": listed,
	"NEIGH_HH_FILLFAIL": listed,
	"IP_OUTNOROUTES":    listed,
	"PKT_TOO_BIG":       listed,
	"DEV_READY":         listed, // a tun device that nobody reads

	// It arrived broken.
	"IP_CSUM": listed, "TCP_CSUM": listed, "UDP_CSUM": listed, "ICMP_CSUM": listed,

	// A RST that did not fit (RFC 5961 section 3.2): somebody tried. TCP_RESET is in
	// the window, but not the next byte; the others are outside, or in SYN_SENT
	// acknowledge something else.
	"TCP_RESET":                listed | onlyRST,
	"TCP_OLD_SEQUENCE":         listed | onlyRST,
	"TCP_INVALID_SEQUENCE":     listed | onlyRST,
	"TCP_INVALID_END_SEQUENCE": listed | onlyRST, // Linux 6.15
	"TCP_INVALID_ACK_SEQUENCE": listed | onlyRST,
}

// numbers is how many reasons the program tells apart.
const numbers = 256

// names of an enumeration's values, without the prefix, by number.
type names map[uint32]string

// enumeration returns the names of one that the kernel has, nil if it has not.
func enumeration(kernel *btf.Spec, name, prefix string) names {
	var e *btf.Enum
	if kernel.TypeByName(name, &e) != nil {
		return nil
	}
	all := make(names, len(e.Values))
	for _, v := range e.Values {
		all[uint32(v.Value)] = strings.TrimPrefix(v.Name, prefix)
	}
	return all
}

// byNumber is the list for a kernel that has these names.
func byNumber(drops names) (list [numbers]uint8) {
	for n, name := range drops {
		if n < numbers {
			list[n] = losses[name]
		}
	}
	return list
}
