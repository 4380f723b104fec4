package tls

// Versions of DTLS (RFC 4347 section 4.1, RFC 6347 section 4.1, RFC 9147 section
// 5.3): ones' complements, so that none is a version of TLS.
const (
	dtls10  = 0xfeff
	dtls12  = 0xfefd
	dtls13  = 0xfefc
	dtlsBad = 0x0100 // OpenSSL before 0.9.8f, and what stayed compatible with it (DTLS1_BAD_VER)
)

func isDTLS(version uint16) bool {
	switch version {
	case dtls10, dtls12, dtls13, dtlsBad:
		return true
	}
	return false
}

// newest returns the newer one of two versions, of which a may be 0 for none.
// The numbers of DTLS fall.
func newest(a, b uint16, dtls bool) uint16 {
	switch {
	case !dtls:
		return max(a, b)
	case a>>8 != 0xfe:
		return b
	case b>>8 != 0xfe:
		return a
	}
	return min(a, b)
}

// IsGREASE reports whether v is one of the sixteen values reserved to keep
// peers tolerant, 0x0a0a to 0xfafa (RFC 8701 section 2).
func IsGREASE(v uint16) bool {
	return v&0x0f0f == 0x0a0a && v>>8 == v&0xff
}

// IsPostQuantum reports whether a named group is post-quantum or a hybrid. Its
// key share makes a ClientHello longer than one segment.
func IsPostQuantum(group uint16) bool {
	switch group {
	case 0x11eb, 0x11ec, 0x11ed, // SecP256r1MLKEM768, X25519MLKEM768, SecP384r1MLKEM1024: draft-ietf-tls-ecdhe-mlkem
		0x0200, 0x0201, 0x0202, // MLKEM512, 768, 1024: draft-ietf-tls-mlkem
		0x11ee,         // curveSM2MLKEM768: draft-yang-tls-hybrid-sm2-mlkem
		0x6399, 0x639a, // X25519Kyber768Draft00, SecP256r1Kyber768Draft00: draft-tls-westerbaan-xyber768d00
		0xfe30, 0xfe31, 0xfe32, // X25519Kyber512Draft00, X25519Kyber768Draft00Old, P256Kyber768Draft00: experiments of Cloudflare's Go
		0x4138: // CECPQ2, the Chrome and Cloudflare experiment of 2019
		return true
	}
	return false
}
