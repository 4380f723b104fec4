package tls

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
		0x6399, 0x639a, // X25519Kyber768Draft00, SecP256r1Kyber768Draft00: draft-tls-westerbaan-xyber768d00
		0xfe30, 0xfe31, // X25519Kyber512Draft00, X25519Kyber768Draft00Old: Cloudflare CFRG experiments
		0x4138: // CECPQ2, the Chrome and Cloudflare experiment of 2019
		return true
	}
	return false
}
