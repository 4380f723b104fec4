package tls

// ECH says what a ClientHello carries of Encrypted Client Hello.
type ECH uint8

// The forms of ECH in a ClientHello.
//
// An outer hello and GREASE look alike on the wire, on purpose (RFC 9849
// section 6.2), and browsers send GREASE on nearly every connection: ECHOuter
// alone is no hidden name. Whether it is one, the caller decides by the outer
// name: a real outer hello carries the public name of its provider (section
// 6.1), GREASE that of the host itself.
const (
	ECHNone  ECH = iota
	ECHOuter     // an outer hello or GREASE
	ECHInner     // an inner hello in the clear, as split-mode back ends see it
	ESNI         // encrypted_server_name of draft-ietf-tls-esni-01 to -06
)

// String returns the form in lower case.
func (e ECH) String() string {
	return [...]string{"none", "outer", "inner", "esni"}[e&3]
}

// ech parses ECHClientHello: a type, and in an outer one the cipher suite (KDF
// and AEAD), config id, encapsulated key and payload (RFC 9849 section 5).
// Drafts before -13 had no type, those before -10 a config id of any length.
func (h *ClientHello) ech(typ uint16, b octets) (ok bool) {
	h.ECH, h.ECHConfigID, h.ECHEncLen, h.ECHPayloadLen = ECHOuter, 0, 0, 0
	if typ == extECH {
		form, _ := b.uint8()
		if form == 1 {
			h.ECH = ECHInner
			return true
		}
	}
	if _, ok = b.take(4); !ok {
		return false
	}
	if typ == extECH08 || typ == extECH09 {
		_, ok = b.vec8()
	} else {
		h.ECHConfigID, ok = b.uint8()
	}
	if !ok {
		return false
	}
	enc, ok := b.vec16()
	if !ok {
		return false
	}
	h.ECHEncLen = len(enc)
	payload, ok := b.vec16()
	h.ECHPayloadLen = len(payload)
	return ok
}
