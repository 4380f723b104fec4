// Package bpf is the kernel's side of live capture: what it needs of the kernel
// and of the process, told by name when it is missing. The programs are in the
// packages below: [chokepoint/bpf/packets] sees every packet of an interface,
// [chokepoint/bpf/testimony] hears what the host's own TCP/IP did, and
// [chokepoint/bpf/owner] knows whose sockets they are. The C sources lie beside
// the objects made of them, which are checked in: building chokepoint needs no
// C compiler. headers has what all of them include.
package bpf
