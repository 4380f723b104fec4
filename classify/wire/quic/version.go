package quic

import "fmt"

// Version is the version field of a long header (RFC 8999 section 5.1).
type Version uint32

// Versions that are named one by one.
const (
	Negotiate Version = 0          // no version: the field of version negotiation (RFC 9000 section 17.2.1)
	V1        Version = 0x00000001 // RFC 9000
	V2        Version = 0x6b3343cf // RFC 9369
	Draft29   Version = 0xff00001d // draft-ietf-quic-transport-29; -22 to -34 count likewise
	Mvfst22   Version = 0xfaceb001 // facebook/mvfst, of Meta alone, as those below
	Mvfst27   Version = 0xfaceb002
	MvfstExp  Version = 0xfaceb00e // "experimental"

	draft22, draft23, draft33, draft34 = Version(0xff000016), Version(0xff000017), Version(0xff000021), Version(0xff000022)
)

// Salts of the Initial secret.
const (
	saltV1      = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a" // RFC 9001 section 5.2, and drafts since -33
	saltV2      = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9" // RFC 9369 section 3.3.1
	saltDraft29 = "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99" // draft-ietf-quic-tls-29 to -32 section 5.2
	saltDraft23 = "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02" // draft-ietf-quic-tls-23 to -28 section 5.2
	saltDraft22 = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a" // draft-ietf-quic-tls-22 section 5.2
)

// salt returns the salt of the Initial secret, empty if the version is unknown.
func (v Version) salt() string {
	switch {
	case v == V1, v == draft33, v == draft34:
		return saltV1
	case v == V2:
		return saltV2
	case v >= Draft29 && v < draft33:
		return saltDraft29
	case v >= draft23 && v < Draft29, v == Mvfst27, v == MvfstExp:
		return saltDraft23
	case v == draft22, v == Mvfst22:
		return saltDraft22
	}
	return ""
}

// Known reports whether the Initial packets of the version can be opened.
func (v Version) Known() bool { return v.salt() != "" }

// GREASE reports whether the version is one of those reserved to provoke
// version negotiation (RFC 9000 section 15).
func (v Version) GREASE() bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// Meta reports whether only Meta's applications and servers speak the version.
func (v Version) Meta() bool { return v == Mvfst22 || v == Mvfst27 || v == MvfstExp }

// GQUIC reports whether the version is of Google's own QUIC: Q or T and three
// digits, Q024 to Q050 and T048 to T051 (chromium, quic_versions.h).
func (v Version) GQUIC() bool {
	n, ok := v.number()
	switch v >> 24 {
	case 'Q':
		return ok && n >= 24 && n <= 50
	case 'T':
		return ok && n >= 48 && n <= 51
	}
	return false
}

// number reads the three digits of a version of Google's.
func (v Version) number() (n int, ok bool) {
	for shift := 16; shift >= 0; shift -= 8 {
		d := int(v>>shift&0xff) - '0'
		if d < 0 || d > 9 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// String returns "v1", "draft-29", "mvfst-27", "gquic-Q046", "grease" and the
// like, or "unknown 0x" and eight digits.
func (v Version) String() string {
	switch v {
	case Negotiate:
		return "negotiation"
	case V1:
		return "v1"
	case V2:
		return "v2"
	case Mvfst22:
		return "mvfst-22"
	case Mvfst27:
		return "mvfst-27"
	case MvfstExp:
		return "mvfst-exp"
	}
	switch {
	case v >= draft22 && v <= draft34:
		return fmt.Sprintf("draft-%d", v&0xff)
	case v.GREASE():
		return "grease"
	case v.GQUIC():
		return "gquic-" + string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
	return fmt.Sprintf("unknown 0x%08x", uint32(v))
}
