// Package quic parses what a QUIC connection says in the clear, or under keys
// that every observer can derive: the headers of long packets ([Parse]), and the
// ClientHello that the Initial packets of a client carry ([Client]). Google's
// own QUIC is recognised, and the server name of its plaintext hello is read
// ([CHLOName]).
//
// Sources: RFC 8999 (invariants), RFC 9000 (packets and frames), RFC 9001
// (Initial keys, header protection), RFC 9369 (version 2), RFC 9368 (change of
// version without a new connection), draft-ietf-quic-transport-22 to -34 and
// mvfst for the older salts.
//
// Initial packets are authenticated, though by keys anyone may derive: what
// opens was made by someone who knew the connection id it is bound to, and was
// not damaged on its way. That is how packets of another connection on the same
// ports, decoys among them, are told from those of the first.
package quic
