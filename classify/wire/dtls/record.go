package dtls

// Content types (IANA TLS ContentType registry).
const (
	ChangeCipherSpec = 20
	Alert            = 21
	Handshake        = 22
	ApplicationData  = 23
	Heartbeat        = 24 // RFC 6520
	WithCID          = 25 // tls12_cid, the type itself is encrypted: RFC 9146 section 4
	ACK              = 26 // RFC 9147 section 7

	// Encrypted is what Record calls a record with the unified header of DTLS
	// 1.3, which shows no type (RFC 9147 section 4). It is none of the registry.
	Encrypted = 32
)

// Versions in record headers (RFC 4347, RFC 6347 and RFC 9147 section 4.1). That
// of DTLS 1.3 does not occur in plaintext; Record gives it for Encrypted.
const (
	DTLS10 = 0xfeff
	DTLS12 = 0xfefd
	DTLS13 = 0xfefc
	// BadVersion is OpenSSL's before 0.9.8f, which VPNs compatible with it still
	// speak (DTLS1_BAD_VER).
	BadVersion = 0x0100
)

const (
	// recordHeader is type, version, epoch, sequence number and length (RFC 6347
	// section 4.1).
	recordHeader = 13
	// maxRecord is the longest DTLSCiphertext (RFC 6347 section 4.1 refers to
	// RFC 5246 section 6.2.3), maxRecord13 that of RFC 9147 section 4.
	maxRecord   = 1<<14 + 2048
	maxRecord13 = 1<<14 + 256
	// minCiphertext13 is what masking the sequence number needs (RFC 9147
	// section 4.2.3).
	minCiphertext13 = 16
)

// Record reads the header of the record at the start of b, a UDP payload or what
// is left of one: its type, the version, and the length n of the whole record,
// header included, bytes. If n is beyond b, the datagram was cut by the capture,
// or it is something else.
//
// A record of DTLS 1.2 and older shows 24 bits that hardly vary, and a length.
// The unified header of DTLS 1.3 shows three bits and a length: take it for DTLS
// only in a flow that spoke it before. Such headers without a length, which the
// control packets of OpenVPN look like, or with a connection id, whose length
// nobody knows, are not recognised; a record WithCID is taken to fill b.
func Record(b []byte) (typ byte, version uint16, n int, ok bool) {
	if len(b) > 0 && b[0]&0xe0 == 0x20 {
		n, ok = unified(b)
		return Encrypted, DTLS13, n, ok
	}
	if len(b) < recordHeader || b[0] < ChangeCipherSpec || b[0] > ACK {
		return 0, 0, 0, false
	}
	typ, version = b[0], uint16(b[1])<<8|uint16(b[2])
	switch version {
	case DTLS10, DTLS12, DTLS13, BadVersion:
	default:
		return 0, 0, 0, false
	}
	if typ == WithCID {
		return typ, version, len(b), version == DTLS12
	}
	length := int(b[11])<<8 | int(b[12])
	if length > maxRecord || length == 0 && typ != ApplicationData {
		return 0, 0, 0, false
	}
	return typ, version, recordHeader + length, true
}

// unified returns the length of a record of the form 001CSLEE: connection id,
// sequence number of 16 bits instead of 8, length, two bits of the epoch (RFC
// 9147 section 4).
func unified(b []byte) (n int, ok bool) {
	const cid, long, length = 0x10, 0x08, 0x04
	if b[0]&cid != 0 || b[0]&length == 0 {
		return 0, false
	}
	head := 1 + 1 + 2
	if b[0]&long != 0 {
		head++
	}
	if len(b) < head {
		return 0, false
	}
	n = int(b[head-2])<<8 | int(b[head-1])
	if n < minCiphertext13 || n > maxRecord13 {
		return 0, false
	}
	return head + n, true
}

// inTheClear reports whether the record with this header, which Record has
// accepted, is a handshake record of epoch 0, before any keys.
func inTheClear(typ byte, b []byte) bool {
	return typ == Handshake && b[3] == 0 && b[4] == 0
}
