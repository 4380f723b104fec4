package tls

import "chokepoint/classify/wire"

// Extension types (IANA TLS ExtensionType Values registry).
const (
	extServerName        = 0      // RFC 6066 section 3
	extSupportedGroups   = 10     // RFC 8446 section 4.2.7
	extPointFormats      = 11     // RFC 8422 section 5.1.2
	extSigAlgs           = 13     // RFC 8446 section 4.2.3
	extALPN              = 16     // RFC 7301 section 3.1
	extUseSRTP           = 14     // RFC 5764 section 4.1.1
	extPreSharedKey      = 41     // RFC 8446 section 4.2.11
	extEarlyData         = 42     // RFC 8446 section 4.2.10
	extSupportedVersions = 43     // RFC 8446 section 4.2.1
	extKeyShare          = 51     // RFC 8446 section 4.2.8
	extECH               = 0xfe0d // RFC 9849 section 5
	extECH08             = 0xfe08 // draft-ietf-tls-esni-08 section 5
	extECH09             = 0xfe09 // draft-ietf-tls-esni-09 section 5
	extECH10             = 0xfe0a // draft-ietf-tls-esni-10 section 5
	extESNI              = 0xffce // draft-ietf-tls-esni-01 section 4

	// extOddECH was never the number of ECH: Telegram for desktop and Android had
	// it by mistake, in their imitation of a browser's hello, until April 2026
	// (tdesktop pull request 30513, Telegram-iOS pull request 2090).
	extOddECH = 0xfe02
)

// extension parses one extension of a ClientHello and reports whether it was
// well-formed. Of a server name sent twice the first counts.
func (h *ClientHello) extension(typ uint16, b octets) (ok bool) {
	switch typ {
	case extServerName:
		return h.SNIRaw != "" || h.serverName(b)
	case extSupportedGroups:
		h.Groups, ok = list16(b, h.Groups)
	case extSigAlgs:
		h.SigAlgs, ok = list16(b, h.SigAlgs)
	case extPointFormats:
		var v octets
		v, ok = b.vec8()
		h.PointFormats = append(h.PointFormats[:0], v...)
	case extSupportedVersions:
		var v octets
		if v, ok = b.vec8(); ok {
			h.Versions, ok = v.appendUint16s(h.Versions[:0])
		}
	case extALPN:
		h.ALPN, ok = protocols(b, h.ALPN[:0])
	case extKeyShare:
		return h.keyShares(b)
	case extECH, extECH08, extECH09, extECH10:
		return h.ech(typ, b)
	case extOddECH:
		h.OddECH, ok = true, true
	case extUseSRTP:
		h.SRTP, ok = true, true
	case extESNI:
		h.ECH, ok = ESNI, true
	case extPreSharedKey:
		h.PSK, ok = true, true
	case extEarlyData:
		h.EarlyData, ok = true, true
	default:
		ok = true
	}
	return ok
}

// list16 parses a vector of 16-bit numbers into the memory of dst.
func list16(b octets, dst []uint16) ([]uint16, bool) {
	v, ok := b.vec16()
	if !ok {
		return dst[:0], false
	}
	return v.appendUint16s(dst[:0])
}

// serverName takes the first host_name (type 0) of the list.
func (h *ClientHello) serverName(b octets) bool {
	list, ok := b.vec16()
	for ok && len(list) > 0 {
		typ, _ := list.uint8()
		var name octets
		if name, ok = list.vec16(); !ok || typ != 0 {
			continue
		}
		if h.SNIRaw = h.last; string(name) != h.last {
			h.SNIRaw = string(name)
		}
		h.SNI, ok = wire.Hostname(h.SNIRaw)
		h.BadSNI = !ok
		return true
	}
	return ok
}

// protocols parses an ALPN list; the usual names cost no allocation.
func protocols(b octets, dst []string) ([]string, bool) {
	list, ok := b.vec16()
	for ok && len(list) > 0 {
		var p octets
		if p, ok = list.vec8(); ok {
			dst = append(dst, protocol(p))
		}
	}
	return dst, ok
}

func protocol(p octets) string {
	switch string(p) {
	case "h2":
		return "h2"
	case "http/1.1":
		return "http/1.1"
	case "h3":
		return "h3"
	case "http/1.0":
		return "http/1.0"
	case "dot":
		return "dot"
	}
	return string(p)
}

// keyShares lists the groups; the shares themselves are skipped.
func (h *ClientHello) keyShares(b octets) bool {
	h.KeyShareGroups = h.KeyShareGroups[:0]
	list, ok := b.vec16()
	for ok && len(list) > 0 {
		var g uint16
		if g, ok = list.uint16(); ok {
			h.KeyShareGroups = append(h.KeyShareGroups, g)
			_, ok = list.vec16()
		}
	}
	return ok
}
