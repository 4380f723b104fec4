package tls

// sslv2Header is length, message type, version and three lengths (RFC 2246
// appendix E.1).
const sslv2Header = 2 + 1 + 2 + 6

// parseSSLv2 reads a hello in the SSLv2 form, which names no server. Anything
// that does not add up is NotTLS: two bytes of header are little to go by.
func (h *ClientHello) parseSSLv2(b []byte) (Status, int) {
	switch {
	case len(b) > 2 && b[2] != msgClientHello,
		len(b) > 3 && b[3] != 0 && b[3] != 3,
		len(b) > 4 && b[3] == 0 && b[4] != 2,
		len(b) > 4 && b[3] == 3 && b[4] > 4:
		return NotTLS, 0
	case len(b) < sslv2Header:
		h.want = sslv2Header - len(b)
		return NeedMore, 0
	}
	o := octets(b[5:])
	suites, _ := o.uint16()
	id, _ := o.uint16()
	challenge, _ := o.uint16()
	n := 2 + (int(b[0]&0x7f)<<8 | int(b[1]))
	if n != sslv2Header+int(suites)+int(id)+int(challenge) || suites == 0 || suites%3 != 0 || challenge < 16 || challenge > 32 {
		return NotTLS, 0
	}
	if len(b) < n {
		h.want = n - len(b)
		return NeedMore, 0
	}
	h.SSLv2, h.Records, h.Length, h.whole = true, 1, n-2, true
	h.LegacyVersion = uint16(b[3])<<8 | uint16(b[4])
	h.Version = h.LegacyVersion
	h.SessionIDLen = int(id)
	list, _ := o.take(int(suites))
	for ; len(list) >= 3; list = list[3:] {
		// TLS suites have a zero first byte; SSLv2's own have none in TLS.
		if list[0] == 0 {
			h.CipherSuites = append(h.CipherSuites, uint16(list[1])<<8|uint16(list[2]))
		}
	}
	o.take(int(id))
	copy(h.Random[32-int(challenge):], o[:challenge]) // right-aligned, RFC 2246 appendix E.1
	return Done, n
}
