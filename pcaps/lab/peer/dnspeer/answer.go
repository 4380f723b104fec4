package dnspeer

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// What answers of resolvers carry.
const (
	defaultTTL  = 60   // s
	negativeTTL = 900  // s, of an SOA and its minimum (RFC 2308 section 5)
	udpSize     = 1232 // bytes (RFC 6891, DNS flag day 2020)
)

// everyName stands for all names in [Server.Rcode].
const everyName = "*"

// answer is what the resolver says to a query, over UDP or TCP.
func (s *Server) answer(q *dns.Msg, datagram bool) *dns.Msg {
	a := new(dns.Msg).SetReply(q)
	a.Compress = true
	a.RecursionAvailable, a.Authoritative = !s.Authority, s.Authority
	if q.IsEdns0() != nil && !s.NoEDNS {
		a.SetEdns0(udpSize, false)
	}
	if len(q.Question) == 1 {
		s.resolve(q.Question[0], a)
		if s.Edit != nil {
			s.Edit(q.Question[0], a)
		}
	}
	if s.Truncate && datagram {
		a.Answer, a.Ns, a.Truncated = nil, nil, true
	}
	return a
}

func (s *Server) resolve(q dns.Question, a *dns.Msg) {
	name := strings.ToLower(strings.TrimSuffix(q.Name, "."))
	if code, ok := s.refused(name); ok {
		a.Rcode = code
		if code != dns.RcodeNameError {
			return
		}
	} else if addrs, known := s.addresses(name); known {
		a.Answer = append(s.records(q, addrs), s.service(q, name)...)
	} else {
		a.Rcode = dns.RcodeNameError
	}
	if len(a.Answer) == 0 && !s.NoSOA {
		a.Ns = []dns.RR{soa(s.apex(name, a.Rcode))}
	}
}

func (s *Server) refused(name string) (int, bool) {
	if code, ok := s.Rcode[name]; ok {
		return code, true
	}
	code, ok := s.Rcode[everyName]
	return code, ok
}

// addresses returns what a name has at this moment.
func (s *Server) addresses(name string) ([]netip.Addr, bool) {
	if s.Sink[name] {
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}, true
	}
	addrs, known := s.Zone[name]
	return addrs, known
}

// records are the A or AAAA records that are asked for.
func (s *Server) records(q dns.Question, addrs []netip.Addr) (out []dns.RR) {
	for _, addr := range addrs {
		switch {
		case q.Qtype == dns.TypeA && addr.Is4():
			out = append(out, &dns.A{Hdr: s.head(q), A: addr.AsSlice()})
		case q.Qtype == dns.TypeAAAA && addr.Is6():
			out = append(out, &dns.AAAA{Hdr: s.head(q), AAAA: addr.AsSlice()})
		}
	}
	if s.Rotate > 0 && len(out) > s.Rotate {
		at := int(s.turns.Add(1)-1) * s.Rotate % len(out)
		out = slices.Concat(out[at:], out[:at])[:s.Rotate]
	}
	return out
}

// service is the HTTPS record of a name that has one.
func (s *Server) service(q dns.Question, name string) []dns.RR {
	if alpn := s.ALPN[name]; q.Qtype == dns.TypeHTTPS && len(alpn) > 0 {
		return []dns.RR{&dns.HTTPS{SVCB: dns.SVCB{Hdr: s.head(q), Priority: 1, Target: ".", Value: []dns.SVCBKeyValue{&dns.SVCBAlpn{Alpn: alpn}}}}}
	}
	return nil
}

func (s *Server) head(q dns.Question) dns.RR_Header {
	ttl := s.TTL
	if ttl == 0 {
		ttl = defaultTTL
	}
	return dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: ttl}
}

// apex is the zone that a negative answer comes from: the name's own, as far as
// two labels make one, or the one above when there is no such zone here.
func (s *Server) apex(name string, rcode int) string {
	labels := dns.SplitDomainName(name)
	if len(labels) < 2 {
		return "."
	}
	own := strings.Join(labels[len(labels)-2:], ".")
	if rcode != dns.RcodeNameError {
		return own + "."
	}
	for known := range s.Zone {
		if known == own || strings.HasSuffix(known, "."+own) {
			return own + "."
		}
	}
	return labels[len(labels)-1] + "."
}

func soa(apex string) dns.RR {
	return &dns.SOA{Hdr: dns.RR_Header{Name: apex, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: negativeTTL},
		Ns: "ns1." + strings.TrimPrefix(apex, "."), Mbox: "hostmaster." + strings.TrimPrefix(apex, "."),
		Serial: 2026112000, Refresh: 1800, Retry: 900, Expire: 604800, Minttl: negativeTTL}
}
