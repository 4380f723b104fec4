package http

import (
	"bytes"

	"chokepoint/classify/wire"
)

// Status is what a parser of this package makes of a stream; see package wire.
type Status = wire.Status

// The answers of a parser. All but NeedMore are final. Past the first line
// nothing is malformed: what cannot be read is passed over.
const (
	NeedMore = wire.NeedMore
	Done     = wire.Done
	NotHTTP1 = wire.Alien
)

// MaxHead is how many bytes of a stream are looked at: the usual limit of
// servers for a head (Apache LimitRequestFieldSize, nginx
// large_client_header_buffers).
const MaxHead = 8 << 10

// lines cuts a head into lines.
type lines struct {
	b   []byte
	off int
}

// next returns the next line without its end, LF or CRLF, and false when the
// end has not come yet.
func (l *lines) next() ([]byte, bool) {
	i := bytes.IndexByte(l.b[l.off:], '\n')
	if i < 0 {
		return nil, false
	}
	line := l.b[l.off : l.off+i]
	l.off += i + 1
	return bytes.TrimSuffix(line, []byte("\r")), true
}

// fields calls fn for each header field up to the empty line, and reports
// whether that line has come. A line without a colon, or one that continues
// the field before (obsolete, RFC 9112 section 5.2), is passed over.
func (l *lines) fields(fn func(name, value []byte)) bool {
	for {
		line, ok := l.next()
		if !ok {
			return false
		}
		if len(line) == 0 {
			return true
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			// Blanks before the colon are forbidden, and sent by circumvention tools.
			fn(bytes.TrimRight(name, " \t"), bytes.Trim(value, " \t"))
		}
	}
}

// is reports whether a field name is want, which is in lower case.
func is(name []byte, want string) bool {
	if len(name) != len(want) {
		return false
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// set stores b in s, without an allocation if it is there already, so that
// parsing a grown stream again costs little.
func set(s *string, b []byte) {
	if *s != string(b) {
		*s = string(b)
	}
}

// version reads "HTTP/1.x" and returns x.
func version(b []byte) (minor int, ok bool) {
	if len(b) != len("HTTP/1.x") || string(b[:7]) != "HTTP/1." || b[7] < '0' || b[7] > '9' {
		return 0, false
	}
	return int(b[7] - '0'), true
}

// printable reports whether b, a first line or its beginning, is free of
// control bytes other than blanks and the CR at its end.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
