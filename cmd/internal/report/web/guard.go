package web

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// guard tells requests of the page itself and of programs from those that pages of
// others make.
type guard struct{ at netip.AddrPort } // what it listens on

// host reports whether a Host header names this server: localhost or the address that
// it listens on, with its port. Where it listens on all addresses any address will do:
// it is names that can be pointed elsewhere.
func (g guard) host(h string) bool {
	name, port := h, "80" // what a browser leaves out
	if p := strings.LastIndexByte(h, ':'); p >= 0 && !strings.HasSuffix(h, "]") {
		name, port = h[:p], h[p+1:]
	}
	if port != strconv.Itoa(int(g.at.Port())) {
		return false
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	inner, isSix := strings.CutPrefix(name, "[")
	if isSix {
		if inner, isSix = strings.CutSuffix(inner, "]"); !isSix {
			return false
		}
	}
	a, err := netip.ParseAddr(inner)
	if err != nil || a.Is6() != isSix || a.Is4In6() {
		return false
	}
	own := g.at.Addr()
	if zone := a.Zone(); zone != "" && zone != own.Zone() && zone != "25"+own.Zone() { // % is %25 in a URL; browsers leave it out
		return false
	}
	return a.WithZone("") == own.WithZone("") || own.IsUnspecified()
}

// origin reports whether an Origin header is this server's own; "null" is a page that
// hides whose it is.
func (g guard) origin(o string) bool {
	h, ok := strings.CutPrefix(o, "http://")
	return ok && g.host(h)
}

// foreign reports whether a browser says that the page of another site asks. Such a
// page may send its reader here, and nothing else.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // "": a program; "none": typed by the user
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// admits answers what is refused, and reports whether the request may go on.
func (g guard) admits(w http.ResponseWriter, r *http.Request) bool {
	origins := r.Header.Values("Origin")
	switch {
	case !g.host(r.Host):
		http.Error(w, "this is "+g.at.String()+", and answers to that address only", http.StatusMisdirectedRequest)
	case len(origins) > 1 || len(origins) == 1 && !g.origin(origins[0]) || foreign(r):
		http.Error(w, "a page of another site asks", http.StatusForbidden)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "nothing can be changed here", http.StatusMethodNotAllowed)
	case r.ContentLength != 0:
		w.Header().Set("Connection", "close") // it is not read
		http.Error(w, "there is nothing to send", http.StatusRequestEntityTooLarge)
	default:
		return true
	}
	return false
}

// boundTo is what a listener listens on.
func boundTo(l net.Listener) netip.AddrPort {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		at := a.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return netip.AddrPort{}
}
