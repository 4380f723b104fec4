package dns

// maxName is the longest name on the wire, length octets and root included
// (RFC 1035 section 2.3.4).
const maxName = 255

// The two top bits of a length octet tell a label from a pointer (RFC 1035
// section 4.1.4).
const (
	pointer   = 0xc0
	labelMask = 0xc0
)

// skipName returns the offset behind the name at off. It does not follow
// pointers.
func skipName(b []byte, off int) (int, bool) {
	for off < len(b) {
		c := b[off]
		switch {
		case c == 0:
			return off + 1, true
		case c&labelMask == pointer:
			return off + 2, off+2 <= len(b)
		case c&labelMask != 0:
			return 0, false
		}
		off += 1 + int(c)
	}
	return 0, false
}

// appendName appends the name at off in presentation form, case kept, and
// returns its length on the wire when expanded. Pointers must point before the
// run of labels they end, to a prior occurrence, so there can be no loop.
func appendName(dst, b []byte, off int) ([]byte, int, bool) {
	begin, run, size := len(dst), off, 1
	for off < len(b) {
		c := b[off]
		switch {
		case c == 0:
			if len(dst) == begin {
				dst = append(dst, '.')
			}
			return dst, size, true
		case c&labelMask == pointer:
			if off+2 > len(b) {
				return dst, 0, false
			}
			to := int(c&^labelMask)<<8 | int(b[off+1])
			if to >= run {
				return dst, 0, false
			}
			off, run = to, to
			continue
		case c&labelMask != 0:
			return dst, 0, false
		}
		end := off + 1 + int(c)
		if size += 1 + int(c); size > maxName || end > len(b) {
			return dst, 0, false
		}
		if len(dst) > begin {
			dst = append(dst, '.')
		}
		dst = appendLabel(dst, b[off+1:end])
		off = end
	}
	return dst, 0, false
}

// appendLabel appends a label, a dot or backslash in it as \X, bytes that are
// not printable ASCII as \DDD (RFC 1035 section 5.1).
func appendLabel(dst, label []byte) []byte {
	plain := true
	for _, c := range label {
		plain = plain && c > ' ' && c < 0x7f && c != '.' && c != '\\'
	}
	if plain {
		return append(dst, label...)
	}
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			dst = append(dst, '\\', c)
		case c > ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return dst
}
