package capture

// Plan says how much of each packet a source delivers. What live capture
// delivers is the same whichever backend does it, and `analyze --plan live`
// cuts a full file down to the same bytes: the findings are the same.
//
// Delivered as far as Whole bytes of the frame:
//   - TCP segments with SYN, FIN or RST;
//   - the first Payloads packets with payload of each direction of a flow (by
//     5-tuple; a SYN without ACK begins a new one);
//   - what is neither TCP nor UDP nor ESP, fragments, and the UDP tunnels VXLAN
//     (ports 4789, 8472), GTP-U (2152) and Teredo (3544): what is inside counts;
//   - ports 53 and 5353; UDP that starts with a QUIC long header of a known
//     version (RFC 8999) or has the STUN magic cookie (RFC 8489).
//
// Of every other packet: its headers up to the transport's, TCP options included,
// and the first Head bytes of payload.
type Plan struct {
	Payloads uint32 // whole packets with payload, per direction
	Whole    uint32 // bytes of a frame that count as whole
	Head     uint32 // payload bytes behind the headers of the others
}

// Live is what live capture delivers.
//
// Payloads: the hello and its answer, certificates included, are within the
// first ten packets of either side on an Ethernet MTU (measured on the lab's
// recordings), and 12 is what was measured to cost 5 % of full capture.
// Whole: two GRO-merged segments, and a power of two less nothing: the kernel
// program's bounds check wants one. Head: an RTP header with its extension
// (RFC 3550, RFC 8285) or a TLS record header (RFC 8446 section 5.1) and more.
var Live = Plan{Payloads: 12, Whole: 4096, Head: 32}
