// Package vary is the same capture, taken by somebody else: cut to 96 bytes a
// frame, of one direction, begun too late, with packets missing, doubled by a span
// port, tagged. What was done to the traffic stays what it was, so a verdict may
// become less certain, never more, and never wrong.
//
//	v, ok := vary.Named("snaplen96")
//	src, err := v.Source(file)
//
// A [Variation] has a name and is made of one [Fault]; tests put faults together
// as they like.
package vary
