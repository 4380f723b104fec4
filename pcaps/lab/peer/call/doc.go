// Package call is the two ends of a messenger's call, and the servers between them,
// on kernel sockets: STUN and TURN (pion), RTP at real rates, the private relays of
// WhatsApp and Telegram.
//
// [Play] is the caller. [Server] is everything on the other side: a STUN server, a
// TURN relay with the callee behind it, a relay of WhatsApp, a reflector of Telegram,
// or the callee itself. Which of them a client finds depends on what it says first.
//
// Signalling is not played. What a callee must know of the call, it finds where a
// messenger puts what its own server told it: in the ICE user name, in a token, in
// the tag of the call; see plan.
package call
