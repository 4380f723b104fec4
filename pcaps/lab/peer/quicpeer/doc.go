// Package quicpeer is a QUIC server for any name and its clients (RFC 9000 by
// quic-go, on kernel sockets). What they say is made up: a client asks for so many
// bytes, and the server answers with so many after a thought.
//
// quic-go hands the kernel several packets at once where it can (UDP_SEGMENT): on
// an interface that segments late, a recorder sees them as one. Switch
// tx-udp-segmentation off there.
package quicpeer
