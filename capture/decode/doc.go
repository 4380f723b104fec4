// Package decode turns the bytes of a captured frame into a [capture.Packet]:
// link layer, tags and tunnels, IP, and the TCP, UDP or ICMP header.
//
// It never allocates, never panics and returns no errors: what cannot be
// decoded is left absent in [capture.Packet.Has], and what is malformed is
// counted by [Cause]. Lengths come from the IP header, not from the capture, so
// Ethernet padding is not payload and a short snaplen is not a short packet.
//
// A tunnel is peeled only when an IP header with plausible lengths is found
// inside it. Otherwise the packet stays what its outer headers say, so that a
// datagram which merely uses a tunnel's port keeps its own addresses.
package decode
