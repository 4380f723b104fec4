package tls

// Handshake message types (RFC 8446 section 4, RFC 5246 section 7.4).
const (
	msgClientHello     = 1
	msgServerHello     = 2
	msgCertificate     = 11
	msgServerHelloDone = 14
)

// fixedPart is legacy_version and random (RFC 8446 section 4.1.2).
const fixedPart = 2 + 32

// body parses the message after its header. It reports false when the message
// contradicts itself; a Partial one is merely read as far as it goes.
func (h *ClientHello) body(b octets) bool {
	fixed, ok := b.take(fixedPart)
	if !ok {
		return false
	}
	h.LegacyVersion = uint16(fixed[0])<<8 | uint16(fixed[1])
	copy(h.Random[:], fixed[2:])
	ok = h.offers(&b) && h.extensions(b)
	h.conclude()
	h.whole = ok && !h.Partial
	return ok
}

// offers parses session id, in DTLS the cookie, cipher suites and compression
// methods.
func (h *ClientHello) offers(b *octets) bool {
	id, ok := b.vec8()
	if !ok {
		return false
	}
	h.SessionIDLen = len(id)
	if h.DTLS {
		cookie, ok := b.vec8()
		if !ok {
			return false
		}
		h.CookieLen = len(cookie)
	}
	suites, ok := b.vec16()
	if !ok {
		return false
	}
	if h.CipherSuites, ok = suites.appendUint16s(h.CipherSuites); !ok {
		return false
	}
	_, ok = b.vec8()
	return ok
}

// extensions parses the extension block; a hello may end before it (TLS 1.2
// and older).
func (h *ClientHello) extensions(b octets) bool {
	if len(b) == 0 {
		return true
	}
	n, ok := b.uint16()
	if !ok || int(n) > len(b) && !h.Partial {
		return false
	}
	if int(n) < len(b) {
		b, h.BadExts = b[:n], true
	}
	for len(b) > 0 {
		typ, ok := b.uint16()
		if !ok {
			return false
		}
		data, ok := b.vec16()
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

// conclude derives what several lists say together.
func (h *ClientHello) conclude() {
	h.Version = h.LegacyVersion
	if len(h.Versions) > 0 {
		h.Version = 0
	}
	for _, v := range h.Versions {
		if !IsGREASE(v) {
			h.Version = newest(h.Version, v, h.DTLS)
		}
	}
	for _, list := range [...][]uint16{h.CipherSuites, h.Extensions, h.Groups, h.Versions} {
		for _, v := range list {
			if IsGREASE(v) {
				h.GREASE = true
				break
			}
		}
	}
	for _, list := range [...][]uint16{h.KeyShareGroups, h.Groups} {
		for _, g := range list {
			h.PostQuantum = h.PostQuantum || IsPostQuantum(g)
		}
	}
}
