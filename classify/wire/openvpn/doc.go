// Package openvpn knows OpenVPN by the first packet of either side, the hard
// reset that opens its control channel ([Reset]), and says whether the server's
// reset answers the client's ([Pair], [Answers]).
//
// A client's reset alone is a hint: in its shortest form it shows an opcode and
// a few zeros. The pair is the proof: unless the control channel is encrypted,
// the server repeats the client's random session id of 64 bits.
//
// Control packets come in three wrappings, and only --tls-crypt hides the
// acknowledgements. Wrappings that scramble the opcode as well are not known
// here.
//
// Sources: the OpenVPN wire protocol (draft-ietf-openvpn-wire-protocol, and
// doc/doxygen of OpenVPN: doc_protocol_overview.h, tls_crypt.h). Integers are
// big-endian.
package openvpn
