// Package plan cuts packets down to what live capture delivers of them (see
// [chokepoint/capture.Plan]). It decides exactly as the kernel's program does,
// from the same few header fields: the same packets give the same bytes.
package plan
