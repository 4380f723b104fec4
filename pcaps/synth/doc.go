// Package synth plays small networks: TCP endpoints that behave as Linux does,
// links with delay, rate, queue and loss, boxes that interfere, and taps that
// record what passes. It is a discrete-event simulation on one goroutine with
// seeded randomness, so the same script gives the same bytes.
//
// A [Path] is a row of stages between two hosts; a [Packet] walks it in its
// direction, and each [Stage] may delay, change, drop or answer it. What the
// bundled captures tell is written in package story.
package synth
