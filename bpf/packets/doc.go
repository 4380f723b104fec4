// Package packets is the eBPF program on the packet path: it sees every packet of
// an interface, in both directions, and sends records of them up a ring buffer, as
// much of each as its Plan says (see capture.Plan, which it carries out). TCX and
// clsact run the same code. It changes no packet and holds none up.
package packets
