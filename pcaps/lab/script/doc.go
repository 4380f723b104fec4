// Package script plays scenarios in simulated time: the hosts are those of package
// synth, the rules and the log those of the real middlebox. It is for what takes
// minutes of silence, and for hosts that no kernel plays.
package script
