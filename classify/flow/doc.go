// Package flow holds the table of flows: bounded, on packet time, keyed by the
// 5-tuple in either direction. What it must forget for lack of room its owner
// is told of, so that nothing is forgotten in silence.
//
// Entries live in slabs that never move and hold no pointers of the table's
// own; each is on one of a few queues ordered by last activity, one queue a
// lifetime, so that expiry looks at heads only.
package flow
