// Package truth says what was really done in a capture, in truth.yaml beside it,
// and holds what a tool says of the capture against that.
package truth
