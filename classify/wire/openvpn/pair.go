package openvpn

// Bond is how well two resets fit together.
type Bond uint8

// The bonds, weakest first.
const (
	Unrelated Bond = iota
	// Alike: two resets of one wrapping that hides the acknowledgement. Opcodes,
	// sizes, numbers and times fit; session ids differ, as they must.
	Alike
	// Acked: the server names the client's session id.
	Acked
)

// String returns the bond in lower case.
func (b Bond) String() string {
	switch b {
	case Unrelated:
		return "unrelated"
	case Alike:
		return "alike"
	case Acked:
		return "acked"
	}
	return "invalid bond"
}

// maxApart bounds how far the clocks of the two sides may be from each other, s.
// Certificates do not verify where they are much further apart.
const maxApart = 24 * 60 * 60

// Pair returns how well the first packets of a client and a server, both
// captured whole and without a length before them ([Packet]), fit together.
func Pair(client, server []byte) Bond {
	c, ok1 := parse(client, len(client))
	s, ok2 := parse(server, len(server))
	if !ok1 || !ok2 || c.side != Client || s.side != Server || c.id == s.id || !sameMethod(client[0], server[0]) {
		return Unrelated
	}
	switch {
	case c.wrap == plain && s.wrap == plain:
		return acked(c, s)
	case apart(c.time, s.time) > maxApart:
		return Unrelated
	case c.wrap == tlsAuth && s.wrap == tlsAuth && c.tag == s.tag:
		return acked(c, s)
	case s.wrap == tlsCrypt && (c.wrap == tlsCrypt2 || c.wrap == tlsCrypt && len(server) == headLen+replayLen+cryptTag+serverTail):
		return Alike // only who sent a wrapped key is asked for it again
	}
	return Unrelated
}

// Answers reports whether the server's reset answers the client's. When the
// wrapping hides the acknowledgement, that is as good as opcodes, sizes and
// times tell it; [Pair] says which.
func Answers(client, server []byte) bool { return Pair(client, server) != Unrelated }

// sameMethod reports whether a server's opcode answers a client's: V1 to V1, V2
// to V2 and V3.
func sameMethod(client, server byte) bool {
	return (client>>3 == clientResetV1) == (server>>3 == serverResetV1)
}

func acked(c, s reset) Bond {
	if s.remote == c.id {
		return Acked
	}
	return Unrelated
}

func apart(a, b uint32) uint32 { return max(a, b) - min(a, b) }

// Sizes of data packets, bytes: opcode, for V2 the peer id of 24 bits, packet
// id, and a tag of AES-GCM or ChaCha20-Poly1305 (wire protocol, "Data channel").
const (
	minDataV1 = 1 + 4 + 16
	minDataV2 = 4 + 4 + 16
)

// Data reports whether a datagram of wireLen bytes, of which b was captured, has
// the opcode and the least size of a data packet. One byte decides, so one
// datagram in 16 of any other protocol passes: it goes with a pair of resets
// seen before, never alone.
func Data(b []byte, wireLen int) bool {
	if len(b) == 0 {
		return false
	}
	n := max(wireLen, len(b))
	return b[0]>>3 == dataV1 && n >= minDataV1 || b[0]>>3 == dataV2 && n >= minDataV2
}
