package detect

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// signs is what else speaks for an answer being forged, the most telling first.
func (x *pageCase) signs(a *pageAnswer) []finding.Evidence {
	var out []finding.Evidence
	if p := x.f.Page; p != nil && p.Num == a.num {
		for i := range p.Listed {
			out = append(out, x.listed(a, &p.Listed[i]))
		}
	}
	if e, ok := x.bare(a); ok {
		out = append(out, e)
	}
	if e, ok := x.early(a); ok {
		out = append(out, e)
	}
	if e, ok := x.cutBelow(a); ok {
		out = append(out, e)
	}
	if x.leads(a) {
		out = append(out, finding.Evidence{Code: "I2", Family: finding.Content, Class: finding.M, Packets: []uint64{a.num},
			Text: fmt.Sprintf("the first request, for %q, is sent on to another party, %q", x.f.Names.Host, siteOf(a.Location)),
			Got:  siteOf(a.Location), Want: x.f.Names.Host})
	}
	if e, ok := x.elsewhere(a); ok {
		out = append(out, e)
	}
	return out
}

// bare: a page without the status line that every answer of HTTP/1 begins with (RFC
// 9112 section 4).
func (x *pageCase) bare(a *pageAnswer) (finding.Evidence, bool) {
	if p := x.f.Page; p == nil || p.Num != a.num || !p.Bare {
		return finding.Evidence{}, false
	}
	return finding.Evidence{Code: "I2", Family: finding.Content, Class: finding.S, Packets: []uint64{a.num},
		Text: fmt.Sprintf("it is a page without a status line, %d bytes in one packet, in answer to an HTTP/1 request for %q", x.f.Page.Len, x.f.Names.Host),
		Got:  "a bare page", Want: "HTTP/1.x and a status"}, true
}

// cutBelow: a FIN that carries the page, and a RST of the same sender numbered below
// it (as R3): whoever sent the FIN would count it.
func (x *pageCase) cutBelow(a *pageAnswer) (finding.Evidence, bool) {
	for i := range x.f.Resets {
		r := &x.f.Resets[i]
		if r.Dir != fact.Down || !r.FINBefore[fact.Down] || !r.SeqAhead.Ok || r.SeqAhead.V >= -1 || x.f.Blind&fact.BlindGap != 0 {
			continue
		}
		if fin := x.f.Sides[fact.Down].FIN; fin.Num != a.num {
			return finding.Evidence{}, false
		}
		below := -r.SeqAhead.V - 1 // the FIN itself takes a number
		return finding.Evidence{Code: "R3", Family: finding.Sequence, Class: finding.S, Packets: []uint64{a.num, r.Num},
			Text: fmt.Sprintf("it closes the connection in the same packet, and a RST %s later is numbered %d bytes below that", inMs(time.Duration(r.Time-a.time)), below),
			Got:  fmt.Sprintf("%d below", below), Want: "at or above its own FIN"}, true
	}
	return finding.Evidence{}, false
}

// early is R2 for an answer: it came before the request can have reached the
// server. The handshake measures the path; later samples may be of forged
// answers. With one version of the answer it proves no more than that somebody on
// the way answers, which proxies do.
func (x *pageCase) early(a *pageAnswer) (finding.Evidence, bool) {
	asked, rtt := x.f.Hello.First, x.f.Sides[fact.Up].RTT.Handshake
	blind := fact.BlindMidstream | fact.BlindClockStep | fact.BlindOneWay | fact.BlindGap
	if asked.Num == 0 || a.time == 0 || a.num < asked.Num || !rtt.Ok || x.f.Blind&blind != 0 {
		return finding.Evidence{}, false
	}
	age := time.Duration(a.time - asked.Time)
	if !impossible(age, rtt.V) {
		return finding.Evidence{}, false
	}
	class := x.reset.soloClass(age, rtt.V)
	if x.conflict() == nil || x.reset.lossy() {
		class = atMostS(class)
	}
	return finding.Evidence{Code: "R2", Family: finding.Causality, Class: class, Packets: []uint64{asked.Num, a.num},
		Text: fmt.Sprintf("it came %s after the request; the path to the server needs %s", inMs(age), inMs(rtt.V)),
		Got:  inMs(age), Want: ">= " + inMs(rtt.V/2)}, true
}

func atMostS(c finding.Class) finding.Class {
	if c == finding.C {
		return finding.S
	}
	return c
}

// elsewhere compares the answer's distance with that of the server's other packets.
func (x *pageCase) elsewhere(a *pageAnswer) (finding.Evidence, bool) {
	base := x.f.Sides[fact.Down].TTL
	if !base.Ok || a.ttl == 0 {
		return finding.Evidence{}, false
	}
	if s := x.w.Servers[x.server()]; s != nil && s.Count > 1 {
		base.V = s.TTL // in a short flow the forged packet may be the mode
	}
	hops, change := ttlDelta(a.ttl, base.V)
	if change == ttlOutOfBand {
		return finding.Evidence{Code: "R6", Family: finding.Identity, Class: finding.M, Packets: []uint64{a.num},
			Text: fmt.Sprintf("its TTL %d is no ordinary one; the server's packets have %d", a.ttl, base.V),
			Got:  fmt.Sprint(a.ttl), Want: fmt.Sprint(base.V)}, true
	}
	if change != ttlOtherHops || hops < 2 {
		return finding.Evidence{}, false
	}
	return finding.Evidence{Code: "R6", Family: finding.Identity, Class: finding.M, Packets: []uint64{a.num},
		Text: fmt.Sprintf("its TTL %d is %s from the server's %d", a.ttl, plural(hops, "hop"), base.V),
		Got:  fmt.Sprint(a.ttl), Want: fmt.Sprint(base.V)}, true
}

// leads reports that an answer sends its reader to another registrable domain
// (resets-and-drops I2, after zapret's autohostlist).
func (x *pageCase) leads(a *pageAnswer) bool {
	if a.Status/100 != 3 || a.Location == "" || x.f.Names.Host == "" {
		return false
	}
	to, from := domainOf(siteOf(a.Location)), domainOf(x.f.Names.Host)
	return to != "" && from != "" && to != from
}

// siteOf is the host of an absolute URL, "" of a relative one.
func siteOf(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// domainOf is the registrable domain of a host, an address as it is.
func domainOf(host string) string {
	u := url.URL{Host: host} // it may have a port
	host = strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String()
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host
	}
	return d
}

// sureOfList is from which confidence on, of 10, an entry of a list is believed
// whose text may be anywhere in a page.
const sureOfList = 5

// listed is I2: the answer is on a list of the user's.
func (x *pageCase) listed(a *pageAnswer, m *fact.PageMatch) finding.Evidence {
	e := finding.Evidence{Code: "I2", Family: finding.Content, Class: finding.M, Packets: []uint64{a.num},
		Text: fmt.Sprintf("its %s is that of the listed page %q", m.Where, m.Name), Got: m.Name}
	unsure := m.Sure >= 0 && m.Sure < sureOfList
	switch {
	case m.Scope == "fp": // known for false alarms
		e.Class = finding.X
	case m.Scope == "vbw": // words that often come with blocking
		e.Class = finding.W
	case m.Exact && !unsure:
		e.Class = finding.C
	case m.Exact, !unsure:
		e.Class = finding.S
	}
	return e
}

// Prints of published block pages. Iran's is an iframe on one of three addresses
// (Aryan et al., "Internet Censorship in Iran: A First Look", FOCI 2013; the same
// addresses are in Iran's forged DNS answers).
var pagePrints = []struct {
	family string
	text   []byte
}{
	{"Iran", []byte(`src="http://10.10.34.3`)},
}

// pagePrint is the published family whose page the answer is, "" none.
func pagePrint(a *pageAnswer) string {
	for i := range pagePrints {
		if bytes.Contains(a.Text, pagePrints[i].text) {
			return pagePrints[i].family
		}
	}
	return ""
}
