// Package afpacket captures live without eBPF, by a TPACKET_V3 ring on an
// AF_PACKET socket.
package afpacket
