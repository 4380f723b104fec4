package http

import (
	"strings"
	"testing"
)

func TestResponse(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
	tests := []struct {
		name, stream string
		st           Status
		n            int
		ok           func(*Response) bool
	}{
		{"a redirect to a blocking page", "HTTP/1.1 302 Found\r\nLocation: http://warn.example/\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n", Done, 88,
			func(r *Response) bool {
				return r.Code == 302 && r.Reason == "Found" && r.Location == "http://warn.example/" && r.Server == "nginx" && r.ContentLength == 0 && r.HeadLen == 88
			}},
		{"a title is read and cleaned", head + "<HTML><Title lang=ru>\n Access &amp; \t denied </TITLE>", Done, len(head),
			func(r *Response) bool { return r.Title == "Access & denied" && r.ContentLength == -1 }},
		{"a title may yet come", head + "<html><head><title>Access", NeedMore, 0,
			func(r *Response) bool { return r.Code == 200 && r.HeadLen == len(head) && r.Title == "" }},
		{"no title comes in the body", head + "<html><body><svg><title>icon</title>", Done, len(head), func(r *Response) bool { return r.Title == "" }},
		{"a title runs on past the head", head + "<title>a<body>b</title>", Done, len(head), func(r *Response) bool { return r.Title == "a<body>b" }},
		{"another tag starts alike", head + "<titles>x</titles><title>y</title>", Done, len(head), func(r *Response) bool { return r.Title == "y" }},
		{"the body ends without a title", "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\n<p>x<title>y</title>", Done, 38, func(r *Response) bool { return r.Code == 403 && r.Title == "" }},
		{"what is no page has no title", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n", Done, 44, func(r *Response) bool { return r.ContentType == "image/png" }},
		{"a compressed page has no title", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", Done, 43, func(r *Response) bool { return r.Encoded }},
		{"without a type the body decides", "HTTP/1.0 200\n\n{\"a\":1}", Done, 14, func(r *Response) bool { return r.Code == 200 && r.Reason == "" && r.Minor == 0 }},
		{"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81", Done, 56, func(r *Response) bool { return r.Upgrade == "websocket" }},
		{"a long title is cut", head + "<title>" + strings.Repeat("\u0416", 200) + "</title>", Done, len(head), func(r *Response) bool { return len(r.Title) == 256 }},
		{"a page without title fills the quota", head + strings.Repeat("<p>", MaxHead), Done, len(head), func(r *Response) bool { return r.Title == "" && !r.Partial }},
		{"a head fills the quota", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", MaxHead), Done, MaxHead, func(r *Response) bool { return r.Partial && r.HeadLen == 0 }},
		{"an enormous length is not believed", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", NeedMore, 0, func(r *Response) bool { return r.ContentLength == -1 }},
		{"a head not yet complete", "HTTP/1.1 200 OK\r\nServer: a\r\nLoc", NeedMore, 0, func(r *Response) bool { return r.Server == "a" && r.Partial }},
		{"a status of two digits", "HTTP/1.1 20 OK\r\n", NotHTTP1, 0, nil},
		{"HTTP/2 is another protocol", "HTTP/2 200\r\n", NotHTTP1, 0, nil},
		{"a request is no response", "GET / HTTP/1.1\r\n", NotHTTP1, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Response
			if st, n := r.Parse([]byte(tt.stream)); st != tt.st || n != tt.n || tt.ok != nil && !tt.ok(&r) {
				t.Fatalf("%v, %d (want %v, %d), %+v", st, n, tt.st, tt.n, r)
			}
			laws(t, []byte(tt.stream))
		})
	}
}
