package tls

// ParsePartialMessage is ParsePartial for a hello that comes without records, as
// in QUIC: b is its beginning.
func (h *ClientHello) ParsePartialMessage(b []byte) bool {
	h.reset()
	if len(b) < messageHeader+fixedPart || b[0] != msgClientHello {
		return false
	}
	h.Length = uint24(b[1:])
	h.Partial = true
	h.body(octets(b[messageHeader:min(len(b), messageHeader+h.Length)]))
	return true
}
