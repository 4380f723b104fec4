package http

import (
	"bytes"
	"strconv"
)

// Response is the head of an HTTP/1.x response and the title of the page it
// brings. The zero value is ready, and one value may be used for any number of
// streams. All strings are foreign text.
type Response struct {
	Code          int // 100..999
	Reason        string
	Minor         int // of HTTP/1.x
	Location      string
	Server        string
	ContentType   string
	ContentLength int64 // -1: not said
	Encoded       bool  // the body has a content coding: no title can be read
	Upgrade       string
	Title         string // of an HTML page, blanks collapsed, entities resolved, at most 256 bytes

	HeadLen int  // bytes of the head, 0 until it is complete
	Partial bool // the head is longer than MaxHead, or is not complete yet
}

// Parse reads the response at the start of stream and returns the length of
// its head. Where the body may be a page it needs more until the title was
// found, cannot come any more, or MaxHead bytes are there; then Code, HeadLen
// and the fields are valid on NeedMore already. An interim response (1xx) is a
// response; the next one follows its head.
func (r *Response) Parse(stream []byte) (Status, int) {
	b := stream[:min(len(stream), MaxHead)]
	full := len(b) == MaxHead
	l := lines{b: b}
	line, ok := l.next()
	if !ok {
		*r = Response{ContentLength: -1, Partial: true}
		if full || !couldBegin(b) {
			return NotHTTP1, 0
		}
		return NeedMore, 0
	}
	if !r.statusLine(line) {
		*r = Response{ContentLength: -1}
		return NotHTTP1, 0
	}
	whole := r.fields(&l)
	r.Partial, r.HeadLen = !whole, 0
	if !whole {
		r.Title = ""
		if full {
			return Done, MaxHead
		}
		return NeedMore, 0
	}
	r.HeadLen = l.off
	if r.page(b[l.off:]) || full {
		return Done, l.off
	}
	return NeedMore, 0
}

// statusLine reads "HTTP/1.x NNN reason" (RFC 9112 section 4).
func (r *Response) statusLine(line []byte) bool {
	proto, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok || !couldBegin(line) {
		return false
	}
	minor, ok := version(proto)
	if !ok {
		return false
	}
	code, reason, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if len(code) != 3 || code[0] < '1' || code[0] > '9' || !digit(code[1]) || !digit(code[2]) {
		return false
	}
	r.Minor = minor
	r.Code = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	set(&r.Reason, reason)
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// fields reads the header fields and reports whether all of them are there.
func (r *Response) fields(l *lines) bool {
	var location, server, kind, upgrade []byte
	r.ContentLength, r.Encoded = -1, false
	whole := l.fields(func(name, value []byte) {
		switch {
		case is(name, "location"):
			location = value
		case is(name, "server"):
			server = value
		case is(name, "content-type"):
			kind = value
		case is(name, "upgrade"):
			upgrade = value
		case is(name, "content-encoding"):
			r.Encoded = !is(value, "identity")
		case is(name, "content-length"):
			r.ContentLength = length(value)
		}
	})
	set(&r.Location, location)
	set(&r.Server, server)
	set(&r.ContentType, kind)
	set(&r.Upgrade, upgrade)
	return whole
}

// length reads a Content-Length; -1 when it is no number of 18 digits at most.
func length(b []byte) int64 {
	if len(b) == 0 || len(b) > 18 {
		return -1
	}
	for _, c := range b {
		if !digit(c) {
			return -1
		}
	}
	n, _ := strconv.ParseInt(string(b), 10, 64) // cannot fail any more
	return n
}

// couldBegin reports whether b is a status line or may become one.
func couldBegin(b []byte) bool {
	const proto = "HTTP/1."
	n := min(len(b), len(proto))
	return string(b[:n]) == proto[:n] && printable(b)
}
