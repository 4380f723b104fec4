package http

import (
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	long := "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: " + strings.Repeat("x", MaxHead)
	tests := []struct {
		name, stream string
		st           Status
		n            int
		want         Request
	}{
		{"a plain request", "GET /x?y HTTP/1.1\r\nHost: Web.WhatsApp.com\r\nUser-Agent: curl/8\r\n\r\nbody", Done, 65,
			Request{Method: "GET", Target: "/x?y", Minor: 1, Host: "web.whatsapp.com", HostRaw: "Web.WhatsApp.com", Hosts: 1, UserAgent: "curl/8"}},
		{"lines end in LF only", "GET / HTTP/1.0\nhost:a.example\n\n", Done, 31,
			Request{Method: "GET", Target: "/", Host: "a.example", HostRaw: "a.example", Hosts: 1}},
		{"a port and a trailing dot are cut off", "GET / HTTP/1.1\r\nHost: a.example.:8080\r\n\r\n", Done, 41,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example.:8080", Hosts: 1}},
		{"an empty line goes before it", "\r\nGET / HTTP/1.1\r\nhoSt : a.example\r\n\r\n", Done, 38,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example", Hosts: 1}},
		{"more than one blank is borne", "GET  /  HTTP/1.1\r\nHost:\ta.example\r\n\r\n", Done, 37,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example", Hosts: 1}},
		{"the first of two hosts counts", "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", Done, 52,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example", Hosts: 2}},
		{"CONNECT names the host in its target", "CONNECT signal.org:443 HTTP/1.1\r\n\r\n", Done, 35,
			Request{Method: "CONNECT", Target: "signal.org:443", Minor: 1, Host: "signal.org", HostRaw: "signal.org:443"}},
		{"an absolute target overrides the field", "GET http://u@t.me:80/x HTTP/1.1\r\nHost: other\r\n\r\n", Done, 48,
			Request{Method: "GET", Target: "http://u@t.me:80/x", Minor: 1, Host: "t.me", HostRaw: "t.me:80", Hosts: 1}},
		{"an address is no host name", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", Done, 42,
			Request{Method: "GET", Target: "/", Minor: 1, HostRaw: "[2001:db8::1]:80", Hosts: 1}},
		{"a WebSocket is asked for", "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", Done, 40,
			Request{Method: "GET", Target: "/ws", Minor: 1, Upgrade: "websocket"}},
		{"a host is known before the end", "GET / HTTP/1.1\r\nHost: a.example\r\nCoo", NeedMore, 0,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example", Hosts: 1, Partial: true}},
		{"a head longer than the quota", long, Done, MaxHead,
			Request{Method: "GET", Target: "/", Minor: 1, Host: "a.example", HostRaw: "a.example", Hosts: 1, Partial: true}},
		{"a method alone", "PROPF", NeedMore, 0, Request{Partial: true}},
		{"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NotHTTP1, 0, Request{HTTP2: true}},
		{"HTTP/0.9", "GET /\r\n", NotHTTP1, 0, Request{}},
		{"SSH", "SSH-2.0-OpenSSH_9.6\r\n", NotHTTP1, 0, Request{}},
		{"SMTP", "EHLO client.example\r\n", NotHTTP1, 0, Request{}},
		{"TLS", "\x16\x03\x01\x02\x00", NotHTTP1, 0, Request{Partial: true}},
		{"a first line without end", strings.Repeat("A", 17) + " " + strings.Repeat("x", MaxHead), NotHTTP1, 0, Request{Partial: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Request
			if st, n := r.Parse([]byte(tt.stream)); st != tt.st || n != tt.n || r != tt.want {
				t.Fatalf("%v, %d, %+v\nwant %v, %d, %+v", st, n, r, tt.st, tt.n, tt.want)
			}
			laws(t, []byte(tt.stream))
		})
	}
}
