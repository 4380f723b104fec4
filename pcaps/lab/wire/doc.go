// Package wire puts a middlebox of package box between two network interfaces. It
// carries IPv4 and IPv6 from one to the other and back, and nothing else: no ARP,
// and no frames to groups (neighbour discovery, MLD), as a row of routers would
// not. The hosts must know each other's hardware addresses, and their offloads
// must be off: a frame longer than the interface's MTU, or one whose checksum was
// left to the hardware, is no frame of a network.
//
// Delays are kept to within a fraction of a millisecond as long as the loop gets a
// processor when it wakes. The kernel sees to that, but Go's scheduler may let a
// goroutine wait for others that compute: a process that does much else should set
// GOMAXPROCS to a few more than there are processors.
package wire
