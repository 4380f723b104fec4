// Package stun parses STUN and TURN messages out of datagrams and streams into
// a reusable [Message], and takes apart what carries them or travels beside
// them: ChannelData, the framings over TCP, and Microsoft's multiplexed TURN.
//
// A relay and the two ends of a call tell each other here, in clear, who
// relays, which realm, which peers and whether the path works; the media that
// follow are encrypted.
//
// Sources: RFC 8489 (STUN), RFC 8656 (TURN), RFC 8445 section 7.1 (ICE), RFC
// 5780 (NAT discovery), RFC 3489 (the protocol before the magic cookie), RFC
// 4571 and RFC 6544 (framing over TCP), [MS-TURN] and nDPI's stun.c for what
// Microsoft and WhatsApp do differently.
package stun
