// Package http parses the heads of HTTP/1.x messages out of the first bytes of
// a stream: what a [Request] asks for, and what a [Response] says, including
// the title of the page, which is how blocking pages are known.
//
// Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1 message format), RFC 9113
// section 3.4 (the HTTP/2 preface, which is told apart). Lines may end in a
// bare LF (RFC 9112 section 2.2). Nothing is believed about lengths: the
// parsers look at [MaxHead] bytes and no more.
package http
