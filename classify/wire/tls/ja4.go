package tls

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// ja4Len is the length of every JA4: ten characters and twice an underscore
// with twelve hexadecimal digits.
const ja4Len = 10 + 2*(1+ja4Hash)

// ja4Hash is to how many digits the hashes are cut; ja4Max is the highest count
// that is told apart.
const (
	ja4Hash = 12
	ja4Max  = 99
)

// JA4 returns the fingerprint of the client's TLS library as FoxIO's technical
// description of JA4 has it (JA4.md, the part under a BSD licence), as in
// "t13d1516h2_8daaf6152771_e5627efa2ab1". transport is its first letter: 't'
// for TCP, 'q' for QUIC, 'd' for DTLS.
//
// It is empty unless the hello was read whole and without a contradiction: the
// fingerprint of half a hello is another client's. Where the description leaves
// room, GREASE is left out of the signature algorithms too, as the reference
// tools do since 2026, and the highest version of DTLS is the newest one, though
// its number is the lowest.
func (h *ClientHello) JA4(transport byte) string {
	var buf [ja4Len]byte
	return string(h.AppendJA4(buf[:0], transport))
}

// AppendJA4 appends to dst what [ClientHello.JA4] returns. Below 128 cipher
// suites and extensions it allocates only what dst lacks.
func (h *ClientHello) AppendJA4(dst []byte, transport byte) []byte {
	if !h.whole {
		return dst
	}
	var suites, exts [128]uint16
	ciphers := withoutGREASE(suites[:0], h.CipherSuites)
	rest, told, name := ja4Extensions(exts[:0], h.Extensions)
	dst = append(dst, transport)
	dst = append(dst, ja4Version(h.Version)...)
	dst = append(dst, name)
	dst = appendCount(dst, len(ciphers))
	dst = appendCount(dst, len(rest)+told)
	dst = appendEnds(dst, h.ALPN)
	dst = appendHash(append(dst, '_'), ciphers, nil)
	return appendHash(append(dst, '_'), rest, h.SigAlgs)
}

func withoutGREASE(dst, list []uint16) []uint16 {
	for _, v := range list {
		if !IsGREASE(v) {
			dst = append(dst, v)
		}
	}
	return dst
}

// ja4Extensions appends the extensions that are hashed, and returns how many
// others count besides. Name and protocols are told in the open; without them in
// the hash, one client looks alike to an address and to a host. name is 'd' if
// there is a server name, otherwise 'i'.
func ja4Extensions(dst, list []uint16) (hashed []uint16, told int, name byte) {
	name = 'i'
	for _, v := range list {
		switch {
		case IsGREASE(v):
		case v == extServerName:
			told, name = told+1, 'd'
		case v == extALPN:
			told++
		default:
			dst = append(dst, v)
		}
	}
	return dst, told, name
}

// ja4Version spells a version (JA4.md, "TLS and DTLS Version").
func ja4Version(v uint16) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	case dtls10:
		return "d1"
	case dtls12:
		return "d2"
	case dtls13:
		return "d3"
	}
	return "00"
}

func appendCount(dst []byte, n int) []byte {
	n = min(n, ja4Max)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

const hexDigits = "0123456789abcdef"

// appendEnds appends the first and the last character of the first protocol.
// If either is no letter or digit, both are of its hexadecimal form.
func appendEnds(dst []byte, alpn []string) []byte {
	if len(alpn) == 0 || alpn[0] == "" {
		return append(dst, "00"...)
	}
	p := alpn[0]
	first, last := p[0], p[len(p)-1]
	if alphanumeric(first) && alphanumeric(last) {
		return append(dst, first, last)
	}
	return append(dst, hexDigits[first>>4], hexDigits[last&15])
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// appendHash sorts list and appends twelve digits of the SHA-256 of its text:
// four hexadecimal digits each, with commas between, then after an underscore
// the signature algorithms as they came. An empty list is twelve zeros.
func appendHash(dst []byte, list, algs []uint16) []byte {
	if len(list) == 0 {
		return append(dst, "000000000000"...)
	}
	slices.Sort(list)
	// Through a small buffer: the text is more than twice as long as the hello.
	var chunk [512]byte
	text, sum := chunk[:0], sha256.New()
	sep := byte(0)
	for _, part := range [...][]uint16{list, algs} {
		for _, v := range part {
			if IsGREASE(v) {
				continue
			}
			if sep != 0 {
				text = append(text, sep)
			}
			sep = ','
			text = append(text, hexDigits[v>>12], hexDigits[v>>8&15], hexDigits[v>>4&15], hexDigits[v&15])
			if len(text) > len(chunk)-8 {
				sum.Write(text)
				text = chunk[:0]
			}
		}
		sep = '_'
	}
	sum.Write(text)
	var digest [sha256.Size]byte
	return hex.AppendEncode(dst, sum.Sum(digest[:0])[:ja4Hash/2])
}
