package policy

import (
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"chokepoint/pcaps/lab/box"
)

// Response codes (RFC 1035 section 4.1.1).
const (
	NOERROR  = dns.RcodeSuccess
	SERVFAIL = dns.RcodeServerFailure
	NXDOMAIN = dns.RcodeNameError
	REFUSED  = dns.RcodeRefused
)

// ForgeDNS answers DNS queries over UDP in the resolver's name. The resolver's own
// answer comes later, unless the query is swallowed.
type ForgeDNS struct {
	Rcode   int
	Addrs   []netip.Addr // those of the family that is asked for are the answer
	TTLs    []uint32     // of the answers one by one, s; the last one for the rest; none: 60
	SOA     string       // owner of a SOA in the authority section; "": there is none
	EDNS    bool         // the answer has an OPT if the query has one (RFC 6891)
	AA, AD  bool         // authoritative answer, authentic data
	NoRA    bool         // recursion is not available
	Lower   bool         // the name is written in lower case, however it was asked
	Twice   bool         // the answer comes twice
	Delay   time.Duration
	Swallow bool // the query goes no further

	TTL, IPID Value // of the IP header; nil: 64 and 0
	NoDF      bool
}

// Act implements [box.Action].
func (a *ForgeDNS) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	q := query(p)
	if q == nil || !plain(p) || !UDP(p) || p.Flow == nil {
		return true
	}
	reply, err := a.answer(q).Pack()
	if err != nil {
		return true
	}
	s := sightOf(b, p, box.Down, a.Swallow)
	for s.N = range 2 {
		if s.N == 1 && !a.Twice {
			break
		}
		f := forged{about: p, dir: box.Down, ttl: uint8(a.TTL.or(Const(defaultTTL), s)), id: uint16(a.IPID.or(Const(0), s)), noDF: a.NoDF}
		inject(b, r, box.Down, a.Delay+time.Duration(s.N)*near, f.udp(reply))
	}
	return finish(b, r, p, a.Swallow)
}

// answer is the reply to a query.
func (a *ForgeDNS) answer(q *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetRcode(q, a.Rcode)
	m.Authoritative, m.AuthenticatedData, m.RecursionAvailable, m.Compress = a.AA, a.AD, !a.NoRA, true
	if a.Lower {
		m.Question[0].Name = strings.ToLower(m.Question[0].Name)
	}
	for _, addr := range a.Addrs {
		if rr := record(m.Question[0], addr, a.ttl(len(m.Answer))); rr != nil {
			m.Answer = append(m.Answer, rr)
		}
	}
	if a.SOA != "" {
		m.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: dns.Fqdn(a.SOA), Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 900},
			Ns: "ns1." + dns.Fqdn(a.SOA), Mbox: "hostmaster." + dns.Fqdn(a.SOA), Serial: 1, Refresh: 3600, Retry: 600, Expire: 604800, Minttl: 900}}
	}
	if a.EDNS && q.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	return m
}

// ttl is that of answer i.
func (a *ForgeDNS) ttl(i int) uint32 {
	if len(a.TTLs) == 0 {
		return 60
	}
	return a.TTLs[min(i, len(a.TTLs)-1)]
}

// record is an address as the answer to a question, nil if it is none.
func record(q dns.Question, a netip.Addr, ttl uint32) dns.RR {
	h := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: ttl}
	switch {
	case q.Qtype == dns.TypeA && a.Is4():
		return &dns.A{Hdr: h, A: a.AsSlice()}
	case q.Qtype == dns.TypeAAAA && a.Is6():
		return &dns.AAAA{Hdr: h, AAAA: a.AsSlice()}
	}
	return nil
}
