package tls

// ServerHello is the server's choice. Strings are foreign text.
type ServerHello struct {
	Version           uint16 // selected: supported_versions if present, else LegacyVersion
	LegacyVersion     uint16
	Random            [32]byte
	SessionIDLen      int // bytes
	CipherSuite       uint16
	ALPN              string // selected in the clear, TLS 1.2 and older only
	Extensions        []uint16
	KeyShareGroup     uint16 // chosen, or with HelloRetryRequest asked for; 0 without
	PSK               bool   // the offered session was accepted (TLS 1.3)
	HelloRetryRequest bool
	BadExts           bool // an extension did not parse or bytes followed the last one
}

// helloRetry is the Random of a HelloRetryRequest, SHA-256 of that word (RFC
// 8446 section 4.1.3).
var helloRetry = [32]byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// TLS13 reports whether everything after this message is encrypted: TLS 1.3 or
// a draft of it, which alone use supported_versions here.
func (h *ServerHello) TLS13() bool {
	return h.Version == 0x0304 || h.Version != h.LegacyVersion
}

// parse reads the message body and reports whether it was consistent.
func (h *ServerHello) parse(b octets) bool {
	*h = ServerHello{Extensions: h.Extensions[:0]}
	fixed, ok := b.take(fixedPart)
	if !ok {
		return false
	}
	h.LegacyVersion = uint16(fixed[0])<<8 | uint16(fixed[1])
	h.Version = h.LegacyVersion
	copy(h.Random[:], fixed[2:])
	h.HelloRetryRequest = h.Random == helloRetry
	id, ok := b.vec8()
	if !ok {
		return false
	}
	h.SessionIDLen = len(id)
	if h.CipherSuite, ok = b.uint16(); !ok {
		return false
	}
	if _, ok = b.uint8(); !ok || len(b) == 0 {
		return ok // no extensions: TLS 1.2 and older
	}
	return h.extensions(b)
}

func (h *ServerHello) extensions(b octets) bool {
	list, ok := b.vec16()
	if !ok {
		return false
	}
	h.BadExts = len(b) > 0
	for len(list) > 0 {
		typ, ok := list.uint16()
		if !ok {
			return false
		}
		data, ok := list.vec16()
		if !ok {
			return false
		}
		h.Extensions = append(h.Extensions, typ)
		if !h.extension(typ, data) {
			h.BadExts = true
		}
	}
	return true
}

func (h *ServerHello) extension(typ uint16, b octets) (ok bool) {
	switch typ {
	case extSupportedVersions:
		var v uint16
		if v, ok = b.uint16(); ok {
			h.Version = v
		}
	case extKeyShare:
		h.KeyShareGroup, ok = b.uint16()
	case extALPN:
		var list, p octets
		if list, ok = b.vec16(); ok {
			p, ok = list.vec8()
			h.ALPN = protocol(p)
		}
	case extPreSharedKey:
		h.PSK, ok = true, true
	default:
		ok = true
	}
	return ok
}
