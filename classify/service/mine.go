package service

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"chokepoint/classify/wire"
)

// mine is one server the user declared his own.
type mine struct {
	svc  *svc
	host string     // name, "" when it is an address
	addr netip.Addr // address, invalid when it is a name
	port uint16
	text string // HOST:PORT
}

// WithMine returns the rules with services of the user's own, each given as
// HOST:PORT=NAME, HOST being a name or an address (IPv6 in brackets). NAME
// becomes the id of a service of category "own"; one NAME may have several
// servers. They beat every other evidence: the user says so.
func (r *Rules) WithMine(entries []string) (*Rules, error) {
	out := *r
	out.ids, out.byID, out.mine = slices.Clone(r.ids), maps.Clone(r.byID), slices.Clone(r.mine)
	for _, e := range entries {
		m, name, err := parseMine(e)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", e, err)
		}
		s := out.byID[name]
		switch {
		case s == nil:
			s = &svc{id: name, name: name, category: "own", owner: name}
			out.byID[name] = s
			at, _ := slices.BinarySearch(out.ids, name)
			out.ids = slices.Insert(out.ids, at, name)
		case s.category != "own":
			return nil, fmt.Errorf("%q: %s is a known service, take another name", e, name)
		}
		m.svc = s
		out.mine = append(out.mine, m)
	}
	return &out, nil
}

func parseMine(e string) (m mine, name string, err error) {
	hostport, name, ok := strings.Cut(e, "=")
	if !ok || !validID(name) {
		return m, "", fmt.Errorf("want HOST:PORT=NAME, NAME of letters, digits, '_', '.' and '-'")
	}
	if ap, err := netip.ParseAddrPort(hostport); err == nil {
		m.addr, m.port = plain(ap.Addr()), ap.Port()
	} else {
		colon := max(strings.LastIndexByte(hostport, ':'), 0)
		n, err := strconv.ParseUint(strings.TrimPrefix(hostport[colon:], ":"), 10, 16)
		if err != nil {
			return m, "", fmt.Errorf("want HOST:PORT=NAME, an IPv6 address in brackets")
		}
		if m.host, ok = wire.Hostname(hostport[:colon]); !ok {
			return m, "", fmt.Errorf("bad host %q: want a name or an address, IPv6 in brackets", hostport[:colon])
		}
		m.port = uint16(n)
	}
	if m.port == 0 {
		return m, "", fmt.Errorf("bad port 0")
	}
	m.text = hostport
	return m, name, nil
}

// classifyMine labels a flow of the user's own server.
func (r *Rules) classifyMine(e *Evidence) (Label, bool) {
	for i := range r.mine {
		m := &r.mine[i]
		by := "mine"
		switch {
		case e.QName != "":
			if !m.named(e.QName) {
				continue
			}
			by = "dns_query"
		case m.port != e.Port || !m.serves(e):
			continue
		}
		return label(m.svc, m.svc.owner, anyFunction, []Why{{by, m.text, weightMine}}), true
	}
	return Label{}, false
}

// serves reports whether a flow goes to the server: by its address, by the name
// the flow gives, or, when it gives none, by what the client resolved.
func (m *mine) serves(e *Evidence) bool {
	switch {
	case m.host == "":
		return e.Server.IsValid() && plain(e.Server) == m.addr
	case e.SNI != "":
		return m.named(e.SNI)
	case e.Host != "":
		return m.named(e.Host)
	}
	return slices.ContainsFunc(e.DNS, m.named)
}

func (m *mine) named(name string) bool {
	var buf [maxName]byte
	return m.host != "" && string(fold(name, &buf)) == m.host
}
