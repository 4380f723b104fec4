// Package wire puts a middlebox of package box between two network interfaces. It
// carries IPv4 and IPv6 from one to the other and back, and nothing else: no ARP,
// and no frames to groups (neighbour discovery, MLD), as a row of routers would
// not. The hosts must know each other's hardware addresses, and their offloads
// must be off: a frame longer than the interface's MTU, or one whose checksum was
// left to the hardware, is no frame of a network.
package wire
