// Package testimony is the eBPF programs on the kernel's tracepoints: they tell
// which packets this host itself dropped and why, which resets it sent, accepted
// or refused, what it sent again, and which process opened a connection.
package testimony
