// Package watched captures live beside the lab's recorders: what the same engine
// is given by eBPF while a scenario plays.
package watched
