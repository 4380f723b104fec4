// Package tls parses what a TLS connection says in the clear: the
// [ClientHello] with its server name, the [ServerFlight] up to where encryption
// starts, and the boundaries of the records that follow ([Cursor]).
//
// Sources: RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 6066 (server_name),
// RFC 7301 (ALPN), RFC 9849 (ECH), FoxIO's JA4.md, RFC 2246 appendix E (the SSLv2
// compatible hello). Handshake messages are followed over as many records as
// they were cut into (RFC 8446 section 5.1), and over any segmentation of the
// stream. QUIC carries the same message without these records:
// [ClientHello.ParseMessage] takes it bare; DTLS has its own records and one more
// field: [ClientHello.ParseDTLSMessage].
package tls
