package http

import (
	"bytes"
	"strings"

	"chokepoint/classify/wire"
)

// maxMethod is the longest method followed; the longest registered one is
// UPDATEREDIRECTREF (IANA HTTP Method Registry).
const maxMethod = 17

// maxBlank is how many bytes of empty lines before a request are passed over;
// RFC 9112 section 2.2 asks servers to ignore one, circumvention tools send it.
const maxBlank = 8

// preface is the first line of an HTTP/2 connection (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0"

// Request is the head of an HTTP/1.x request. The zero value is ready, and one
// value may be used for any number of streams. All strings are foreign text.
type Request struct {
	Method    string
	Target    string // as sent: path, absolute URI, or authority for CONNECT
	Minor     int    // of HTTP/1.x
	Host      string // host name asked for, lower case, without port; empty when it is none
	HostRaw   string // of an absolute or authority target, else of the Host field; with port
	Hosts     int    // Host fields sent; the first one counts
	UserAgent string
	Upgrade   string // as in "websocket"

	HTTP2   bool // NotHTTP1 because it is the HTTP/2 preface
	Partial bool // the head is longer than MaxHead, or is not complete yet
}

// Parse reads the request at the start of stream and returns the length of its
// head. Done with Partial: the head is longer than MaxHead. On NeedMore the
// fields hold what the complete lines say, so that a request whose rest never
// comes still names its host.
func (r *Request) Parse(stream []byte) (Status, int) {
	b := stream[:min(len(stream), MaxHead)]
	l := lines{b: b, off: blank(b)}
	first := b[l.off:]
	line, ok := l.next()
	if !ok {
		*r = Request{Partial: true, HTTP2: bytes.HasPrefix(first, []byte(preface))}
		if len(b) == MaxHead || !begins(first) {
			return NotHTTP1, 0
		}
		return NeedMore, 0
	}
	if !r.requestLine(line) {
		*r = Request{HTTP2: bytes.HasPrefix(line, []byte(preface))}
		return NotHTTP1, 0
	}
	r.HTTP2, r.Partial = false, !r.fields(&l)
	switch {
	case !r.Partial:
		return Done, l.off
	case len(b) == MaxHead:
		return Done, MaxHead
	}
	return NeedMore, 0
}

// requestLine reads method, target and version; more than one blank between
// them is borne (RFC 9112 section 3).
func (r *Request) requestLine(line []byte) bool {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	rest = bytes.Trim(rest, " \t")
	i := bytes.LastIndexAny(rest, " \t")
	if i < 0 || !begins(line) {
		return false
	}
	minor, ok := version(rest[i+1:])
	if !ok {
		return false
	}
	r.Minor = minor
	set(&r.Method, method)
	set(&r.Target, bytes.TrimRight(rest[:i], " \t"))
	return true
}

// fields reads the header fields and reports whether all of them are there.
func (r *Request) fields(l *lines) bool {
	var host, agent, upgrade []byte
	r.Hosts = 0
	whole := l.fields(func(name, value []byte) {
		switch {
		case is(name, "host"):
			if r.Hosts++; r.Hosts == 1 {
				host = value
			}
		case is(name, "user-agent"):
			agent = value
		case is(name, "upgrade"):
			upgrade = value
		}
	})
	set(&r.UserAgent, agent)
	set(&r.Upgrade, upgrade)
	if raw, ok := r.authority(); ok {
		r.HostRaw = raw
	} else {
		set(&r.HostRaw, host)
	}
	r.Host, _ = wire.Hostname(withoutPort(r.HostRaw))
	return whole
}

// authority returns the host of a target that names one; it overrides the Host
// field (RFC 9112 section 3.2.2).
func (r *Request) authority() (string, bool) {
	if r.Method == "CONNECT" {
		return r.Target, true
	}
	scheme, rest, ok := strings.Cut(r.Target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:], true
}

// withoutPort cuts off ":" and what follows; IPv6 literals are no names anyway.
func withoutPort(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}

// blank returns how many bytes of empty lines b starts with, up to maxBlank.
func blank(b []byte) int {
	n := 0
	for n < len(b) && n < maxBlank && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	return n
}

// begins reports whether b is a request line or may become one: a method, then
// anything printable.
func begins(b []byte) bool {
	method, rest, found := bytes.Cut(b, []byte(" "))
	if found && !validMethod(method) || len(method) > maxMethod || !token(method) {
		return false
	}
	return printable(rest) && !bytes.HasPrefix(b, []byte(preface))
}

func validMethod(b []byte) bool {
	return len(b) >= 3 && len(b) <= maxMethod && token(b)
}

// token reports whether b is made of what methods are made of: capitals,
// hyphens and underscores, though RFC 9110 section 9.1 allows any token.
func token(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
