// Package lab plays interference with real stacks and records it: a client and a
// server in network namespaces of their own, and between them a middlebox that
// does one thing to what passes. A recording is what each side saw, and the truth
// beside it, which comes from the middlebox's own log.
//
//	box     the middlebox without its wires: links and rules, in packet time
//	policy  what a rule may match and do
//	wire    the box between two network interfaces
//	netns   the namespaces
//	tap     captures on an interface
//	peer/   who talks: TLS, HTTP, QUIC, DNS, calls
//	script  the same box in simulated time, for what takes minutes
//	scenes  the scenarios
//
// It needs Linux and root, but for script.
package lab
