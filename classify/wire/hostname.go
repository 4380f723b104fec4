package wire

import "strings"

// Limits of host names in presentation form, bytes (RFC 1035 section 2.3.4: 255
// octets in wire form are 253 characters, and one more with a trailing dot).
const (
	maxName  = 253
	maxLabel = 63
)

// Hostname returns raw in lower case without one trailing dot, and whether it
// is a host name: labels of letters, digits, hyphens and, as found in practice,
// underscores. IP address literals are no host names (RFC 6066 section 3), nor
// is anything whose last label is a number, which URL parsers read as IPv4.
// It allocates only when raw holds upper-case letters.
func Hostname(raw string) (name string, ok bool) {
	name = strings.TrimSuffix(raw, ".")
	if name == "" || len(name) > maxName {
		return "", false
	}
	label, digits, upper := 0, 0, false
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label, digits = 0, 0
			continue
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper = true
		case c >= 'a' && c <= 'z', c == '-', c == '_':
		default:
			return "", false
		}
		if label++; label > maxLabel {
			return "", false
		}
	}
	if label == 0 || digits == label {
		return "", false
	}
	if upper {
		name = strings.ToLower(name)
	}
	return name, true
}
