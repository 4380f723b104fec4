// Package dtls finds DTLS in UDP datagrams: [Record] recognises its records in
// either direction, [Client] puts together what a client says in the clear, the
// ClientHello, which [chokepoint/classify/wire/tls.ClientHello.ParseDTLSMessage]
// then reads. WebRTC calls, VPNs and IoT devices speak it.
//
// Sources: RFC 6347 (DTLS 1.2), RFC 9147 (DTLS 1.3), RFC 7983 (telling it from
// STUN, TURN and RTP on one port), RFC 9146 (connection ids).
package dtls
