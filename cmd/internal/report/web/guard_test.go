package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	for _, c := range []struct {
		name, on, host string
		want           bool
	}{
		{"the address", "127.0.0.1:9477", "127.0.0.1:9477", true},
		{"localhost", "127.0.0.1:9477", "localhost:9477", true},
		{"localhost in capitals", "127.0.0.1:9477", "LocalHost:9477", true},
		{"IPv6", "[::1]:9477", "[::1]:9477", true},
		{"IPv6 in other words", "[::1]:9477", "[0:0::1]:9477", true},
		{"the default port left out", "192.0.2.1:80", "192.0.2.1", true},
		{"the same of IPv6", "[2001:db8::1]:80", "[2001:db8::1]", true},
		{"any address of those of all", "0.0.0.0:9477", "192.0.2.9:9477", true},
		{"any address of both families", "[::]:9477", "192.0.2.9:9477", true},
		{"localhost of all", "[::]:9477", "localhost:9477", true},
		{"a link-local one without its zone", "[fe80::1%eth0]:9477", "[fe80::1]:9477", true},
		{"and with it", "[fe80::1%eth0]:9477", "[fe80::1%25eth0]:9477", true},
		{"and with it, as Go writes it", "[fe80::1%eth0]:9477", "[fe80::1%eth0]:9477", true},

		{"another zone", "[fe80::1%eth0]:9477", "[fe80::1%eth1]:9477", false},
		{"a zone where there is none", "[::]:9477", "[fe80::1%eth0]:9477", false},
		{"a name of somebody else", "127.0.0.1:9477", "rebind.example:9477", false},
		{"a name of somebody else, at all addresses", "0.0.0.0:9477", "rebind.example:9477", false},
		{"a name that looks like an address", "0.0.0.0:9477", "127.0.0.1.rebind.example:9477", false},
		{"a name with localhost in it", "127.0.0.1:9477", "localhost.rebind.example:9477", false},
		{"a name at localhost", "127.0.0.1:9477", "x.localhost:9477", false},
		{"another port", "127.0.0.1:9477", "127.0.0.1:9478", false},
		{"another port with zeros", "127.0.0.1:9477", "127.0.0.1:09477", false},
		{"no port", "127.0.0.1:9477", "127.0.0.1", false},
		{"no port of IPv6", "[::1]:9477", "[::1]", false},
		{"another address", "127.0.0.1:9477", "127.0.0.2:9477", false},
		{"nothing", "127.0.0.1:9477", "", false},
		{"a port only", "127.0.0.1:9477", ":9477", false},
		{"an address as a number", "127.0.0.1:9477", "2130706433:9477", false},
		{"an address in octal", "127.0.0.1:9477", "0177.0.0.1:9477", false},
		{"a short address", "127.0.0.1:9477", "127.1:9477", false},
		{"IPv6 without brackets", "[::1]:9477", "::1:9477", false},
		{"IPv4 in brackets", "127.0.0.1:9477", "[127.0.0.1]:9477", false},
		{"IPv4 inside IPv6", "127.0.0.1:9477", "[::ffff:127.0.0.1]:9477", false},
		{"half a bracket", "[::1]:9477", "[::1:9477", false},
		{"a user", "127.0.0.1:9477", "me@127.0.0.1:9477", false},
		{"a dot at the end", "127.0.0.1:9477", "localhost.:9477", false},
		{"a space", "127.0.0.1:9477", " localhost:9477", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guard{netip.MustParseAddrPort(c.on)}
			if got := g.host(c.host); got != c.want {
				t.Errorf("on %s: %q %v", c.on, c.host, got)
			}
			if got := g.origin("http://" + c.host); got != c.want {
				t.Errorf("on %s: origin of %q %v", c.on, c.host, got)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	g := guard{netip.MustParseAddrPort("127.0.0.1:9477")}
	fetch := func(site, mode, dest string) http.Header {
		return http.Header{"Sec-Fetch-Site": {site}, "Sec-Fetch-Mode": {mode}, "Sec-Fetch-Dest": {dest}}
	}
	for _, c := range []struct {
		name, method, path string
		header             http.Header
		body               string
		want               int
	}{
		{"a program", "GET", "/metrics", nil, "", 200},
		{"a head", "HEAD", "/", nil, "", 200},
		{"an address that was typed", "GET", "/", fetch("none", "navigate", "document"), "", 200},
		{"the page's own events", "GET", "/events", fetch("same-origin", "cors", "empty"), "", 200},
		{"its own origin", "GET", "/events", http.Header{"Origin": {"http://localhost:9477"}}, "", 200},
		{"a link from elsewhere", "GET", "/", fetch("cross-site", "navigate", "document"), "", 200},

		{"another origin", "GET", "/events", http.Header{"Origin": {"https://evil.example"}}, "", 403},
		{"another origin with our port", "GET", "/events", http.Header{"Origin": {"http://evil.example:9477"}}, "", 403},
		{"our address under another scheme", "GET", "/", http.Header{"Origin": {"https://127.0.0.1:9477"}}, "", 403},
		{"another port of this host", "GET", "/", http.Header{"Origin": {"http://127.0.0.1:8080"}}, "", 403},
		{"an origin that hides", "GET", "/", http.Header{"Origin": {"null"}}, "", 403},
		{"an empty origin", "GET", "/", http.Header{"Origin": {""}}, "", 403},
		{"two origins", "GET", "/", http.Header{"Origin": {"http://127.0.0.1:9477", "http://evil.example"}}, "", 403},
		{"a picture on another's page", "GET", "/events", fetch("cross-site", "no-cors", "image"), "", 403},
		{"a frame on another's page", "GET", "/", fetch("cross-site", "navigate", "iframe"), "", 403},
		{"a link to the figures", "GET", "/metrics", fetch("cross-site", "navigate", "document"), "", 403},
		{"a page of the same site", "GET", "/metrics", fetch("same-site", "cors", "empty"), "", 403},
		{"a form", "POST", "/", nil, "x=1", 405},
		{"a deletion", "DELETE", "/metrics", nil, "", 405},
		{"options", "OPTIONS", "/", nil, "", 405},
		{"a body", "GET", "/", nil, "x", 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://127.0.0.1:9477"+c.path, strings.NewReader(c.body))
			r.Header = c.header
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			if ok := g.admits(w, r); ok != (c.want == 200) || w.Code != c.want {
				t.Errorf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

// FuzzHost: what is admitted is localhost or an address, as url.Parse reads it, with the
// right port; never a name that somebody could point here.
func FuzzHost(f *testing.F) {
	for _, h := range []string{"127.0.0.1:9477", "localhost:9477", "[::1]:9477", "evil.example:9477", "[::1%25lo]:9477", "", ":", "[", "a:b:9477"} {
		f.Add(h)
	}
	guards := []guard{{netip.MustParseAddrPort("127.0.0.1:9477")}, {netip.MustParseAddrPort("[::]:9477")}, {netip.MustParseAddrPort("[::1]:80")}}
	f.Fuzz(func(t *testing.T, h string) {
		for _, g := range guards {
			if !g.host(h) {
				continue
			}
			u, err := url.Parse("http://" + strings.ReplaceAll(h, "%", "%25") + "/")
			if err != nil {
				t.Fatalf("%q is admitted and is no host: %v", h, err)
			}
			a, err := netip.ParseAddr(u.Hostname())
			isLocal := strings.EqualFold(u.Hostname(), "localhost")
			if !isLocal && err != nil {
				t.Errorf("the name %q is admitted", h)
			}
			if own := g.at.Addr(); !isLocal && !own.IsUnspecified() && a.WithZone("") != own {
				t.Errorf("%q is admitted on %v", h, g.at)
			}
			if port := u.Port(); port != "9477" && g.at.Port() == 9477 || g.at.Port() == 80 && port != "80" && port != "" {
				t.Errorf("%q is admitted on %v", h, g.at)
			}
		}
	})
}
