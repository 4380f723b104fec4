// Package box is the lab's middlebox without its wires. Frames are handed in
// with the time they came, and come out at the time they are due, so that the
// same box stands between real kernels (package wire) and in simulated time
// (package script).
//
// A frame crosses the link on its own side, the rules, and the link on the other
// side:
//
//	client ── Near ── Rules ── Far ── server
//
// Links delay, lose and age packets as networks do. Rules are what interferes; a
// rule logs each thing that it does, and that log is the truth of a recording.
package box
