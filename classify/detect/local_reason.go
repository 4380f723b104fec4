package detect

import "strings"

// localCause groups the kernel's drop reasons (enum skb_drop_reason,
// include/net/dropreason-core.h) by what they mean for the one who runs the host
// (resets-and-drops, D12).
type localCause uint8

const (
	causeOther   localCause = iota
	causeFilter             // a rule of the host: firewall, traffic control, XDP, cgroup
	causeRoute              // no way there, or none back
	causeQueue              // a queue or a socket's buffer was full, or memory short
	causeDamaged            // the packet did not survive the way here
	causeSocket             // nobody listened
)

const (
	queueFull = "the queue of this host's interface was full"
	damaged   = "its checksum is wrong: it was damaged on the way here"
)

// localCauses names reasons and what they say. Reasons not listed are told by the
// kernel's own name.
var localCauses = map[string]struct {
	cause localCause
	text  string
}{
	"NETFILTER_DROP":      {causeFilter, "a firewall rule of this host (netfilter)"},
	"TC_INGRESS":          {causeFilter, "a traffic control filter of this host"},
	"TC_EGRESS":           {causeFilter, "a traffic control filter of this host"},
	"XDP":                 {causeFilter, "an XDP program of this host"},
	"BPF_CGROUP_EGRESS":   {causeFilter, "a BPF program on a cgroup of this host"},
	"SOCKET_FILTER":       {causeFilter, "a filter on the socket"},
	"SECURITY_HOOK":       {causeFilter, "a security module of this host"},
	"XFRM_POLICY":         {causeFilter, "the IPsec policy of this host"},
	"IPV6DISABLED":        {causeFilter, "IPv6 is switched off at this interface"},
	"IP_RPFILTER":         {causeRoute, "the reverse path filter of this host (rp_filter)"},
	"IP_OUTNOROUTES":      {causeRoute, "this host has no route there"},
	"IP_INNOROUTES":       {causeRoute, "this host has no route for it"},
	"NEIGH_FAILED":        {causeRoute, "the next hop does not answer ARP or neighbour discovery"},
	"NEIGH_CREATEFAIL":    {causeRoute, "the neighbour table of this host is full"},
	"NEIGH_QUEUEFULL":     {causeRoute, "too many packets wait for the next hop to answer ARP or neighbour discovery"},
	"NEIGH_DEAD":          {causeRoute, "the next hop is gone"},
	"NEIGH_HH_FILLFAIL":   {causeRoute, "the hardware address of the next hop is not known"},
	"PKT_TOO_BIG":         {causeRoute, "it is too big for the way"},
	"DEV_READY":           {causeRoute, "nobody reads this host's tunnel device"},
	"QDISC_DROP":          {causeQueue, queueFull},
	"QDISC_OVERLIMIT":     {causeQueue, queueFull},
	"QDISC_CONGESTED":     {causeQueue, "the queue management of this host's interface saw congestion"},
	"CAKE_FLOOD":          {causeQueue, "the queue management of this host's interface (cake) took it for a flood"},
	"DUALPI2_STEP_DROP":   {causeQueue, "the queue management of this host's interface saw congestion"},
	"FQ_BAND_LIMIT":       {causeQueue, queueFull},
	"FQ_HORIZON_LIMIT":    {causeQueue, "its time to be sent is too far ahead (fq)"},
	"FQ_FLOW_LIMIT":       {causeQueue, queueFull},
	"FULL_RING":           {causeQueue, "the ring of this host's interface was full"},
	"CPU_BACKLOG":         {causeQueue, "this host could not keep up with what came in"},
	"SOCKET_RCVBUFF":      {causeQueue, "the program does not read its socket fast enough"},
	"SOCKET_BACKLOG":      {causeQueue, "the program does not read its socket fast enough"},
	"TCP_LISTEN_OVERFLOW": {causeQueue, "the program does not accept connections fast enough"},
	"PROTO_MEM":           {causeQueue, "this host is short of network memory"},
	"NOMEM":               {causeQueue, "this host is short of memory"},
	"PFMEMALLOC":          {causeQueue, "this host is short of memory"},
	"TCP_OFO_DROP":        {causeQueue, "this host is short of network memory"},
	"TCP_CSUM":            {causeDamaged, damaged},
	"UDP_CSUM":            {causeDamaged, damaged},
	"IP_CSUM":             {causeDamaged, damaged},
	"ICMP_CSUM":           {causeDamaged, damaged},
	"NO_SOCKET":           {causeSocket, "no program of this host listens there"},
}

// causeOf looks a reason up.
func causeOf(reason string) (localCause, string) {
	c, ok := localCauses[reason]
	if !ok {
		return causeOther, "this host's kernel gives the reason " + reason
	}
	return c.cause, c.text
}

// benignCause is what a drop is called that did no harm.
func (c localCause) benignCause(reason string) string {
	switch c {
	case causeSocket:
		return "no_socket"
	case causeDamaged:
		return "damaged"
	}
	return "local_" + strings.ToLower(reason)
}

// LocalReason says in words why this host's kernel dropped something.
func LocalReason(reason string) string {
	_, text := causeOf(reason)
	return text
}
