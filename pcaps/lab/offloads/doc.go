// Package offloads holds a promise by its tests: what is known of a TCP flow does
// not depend on how interfaces merge and split its segments (TSO, GSO, GRO, BIG
// TCP), nor on where a VLAN tag is kept, nor on whether the packets came live or
// from a file.
package offloads
