// Package netns makes the network namespaces of the lab, the cables between them
// and what is plugged in: addresses, routes, neighbours.
//
// The namespaces have no name. A thread unshares its network namespace, we keep a
// descriptor of the new one, and the thread goes home. Nothing is ever written to
// /run/netns, so there is nothing to sweep: when this process is gone, however it
// ended, SIGKILL included, the kernel closes the descriptor, finds nobody left in
// the namespace and removes it with its interfaces, routes, rules and queues.
// Commands run inside ([NS.Command]) die with the process too.
//
// What hosts in here do not say by themselves: interfaces do no ARP and no
// neighbour discovery (neighbours are permanent), have no link-local addresses,
// ask no routers and report no multicast groups. A recording contains what the
// scenario's hosts say and nothing else. Segmentation, merging and checksums are
// not left to the interface, so that frames look as they do on a wire.
package netns
