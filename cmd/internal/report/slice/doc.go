// Package slice writes a small pcapng around each finding, for Wireshark: how the flows
// concerned began, and what passed just before and after the packets that the evidence
// names. Those bear comments that say of what they are evidence.
package slice
