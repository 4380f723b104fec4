// Package rtp reads the headers of RTP and RTCP, which stay in clear when the
// media are encrypted, tells by the first byte what shares a port with them, and
// judges from a run of packets whether a direction carries RTP and which medium.
//
// One RTP packet proves nothing: two bits are fixed. See [Stream] for what does.
//
// Sources: RFC 3550 (RTP, RTCP), RFC 3551 (static payload types), RFC 4585
// (feedback), RFC 5761 (both on one port), RFC 7983 (what shares the port), RFC
// 3711 (SRTP).
package rtp
