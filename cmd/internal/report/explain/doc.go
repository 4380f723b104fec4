// Package explain tells everything about one finding, flow, service or packet:
// the packets as a ladder, what every detector needed, saw and was stopped by,
// which innocent causes were excluded and what could not be seen. It takes two
// runs over the same files: a [First] finds out what is meant, a [Second] hears
// the detectors' reasons and gathers the packets, and [Write] prints it.
package explain
