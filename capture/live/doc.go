// Package live captures live traffic: by eBPF, or by AF_PACKET where there is
// none. Records become packets in order of time, with the host's clock and the
// numbers by which findings refer to them; what the kernel testifies becomes notes.
package live
