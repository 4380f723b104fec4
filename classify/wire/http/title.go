package http

import (
	"bytes"
	"html"
	"strings"
)

// maxTitle bounds the title kept, bytes.
const maxTitle = 256

// page looks for the title in as much of the body as is there and reports
// whether more of it could make no difference.
func (r *Response) page(body []byte) (final bool) {
	ended := r.ContentLength >= 0 && int64(len(body)) >= r.ContentLength
	if ended {
		body = body[:r.ContentLength]
	}
	if r.Code < 200 || r.Code == 204 || r.Code == 304 || r.Encoded || !mayBePage(r.ContentType, body) {
		r.Title = ""
		return true
	}
	text, st := title(body)
	if st != Done {
		r.Title = ""
		return ended || st != NeedMore
	}
	if t := clean(text); t != r.Title {
		r.Title = t
	}
	return true
}

// mayBePage reports whether a body is HTML by its type, or without one by
// its first character.
func mayBePage(kind string, body []byte) bool {
	if kind != "" {
		return strings.Contains(strings.ToLower(kind), "html")
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) == 0 || body[0] == '<'
}

// title returns what is between the title tags, raw. NeedMore: it may yet come;
// NotHTTP1: the part of the page that holds titles is over.
func title(body []byte) ([]byte, Status) {
	limit, over := headEnd(body)
	for off := 0; ; {
		i := indexFold(body[off:], "<title")
		if i < 0 || off+i > limit {
			break
		}
		off += i + len("<title")
		if rest := body[off:]; len(rest) > 0 && bytes.IndexByte([]byte("> \t\r\n"), rest[0]) < 0 {
			continue // another tag that starts alike
		}
		start := bytes.IndexByte(body[off:], '>')
		if start < 0 {
			return nil, NeedMore
		}
		end := indexFold(body[off+start:], "</title")
		if end < 0 {
			return nil, NeedMore
		}
		return body[off+start+1 : off+start+end], Done
	}
	if over {
		return nil, NotHTTP1
	}
	return nil, NeedMore
}

// headEnd returns where the part of a page ends that holds the title, and
// whether that place has been reached.
func headEnd(body []byte) (int, bool) {
	limit := len(body)
	for _, mark := range [...]string{"</head", "<body"} {
		if i := indexFold(body[:limit], mark); i >= 0 {
			limit = i
		}
	}
	return limit, limit < len(body)
}

// clean resolves entities, collapses blanks and cuts at maxTitle bytes.
func clean(b []byte) string {
	s := strings.Join(strings.Fields(html.UnescapeString(string(b))), " ")
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "")
	}
	return s
}

// indexFold is bytes.Index without regard to the case of ASCII letters; want
// is in lower case and starts with '<'.
func indexFold(b []byte, want string) int {
	for off := 0; ; off++ {
		i := bytes.IndexByte(b[off:], want[0])
		if i < 0 || len(b)-off-i < len(want) {
			return -1
		}
		off += i
		if is(b[off:off+len(want)], want) {
			return off
		}
	}
}
