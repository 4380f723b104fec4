// Package beside holds what the tool says of live capture beside what it says of
// the recording that was taken at the same place, and explains each difference: by
// what only a kernel can testify, by segments that come merged, or by clocks. What
// none of them explains is a fault.
//
// An explanation is found by trial, not by rule: the packets of live capture and of
// the recording are paired, and the engine is asked again with only the testimony,
// only the times or only the merging exchanged.
package beside
