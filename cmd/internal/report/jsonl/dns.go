package jsonl

import (
	"net/netip"
	"strconv"

	"chokepoint/classify/fact"
)

// maxExchanges is how many DNS exchanges a flow record lists; the rest is
// counted.
const maxExchanges = 32

// exchange is one query and the first answer to it. That there were more is
// said; what was wrong with them is a finding.
type exchange struct {
	QName     string       `json:"qname"`
	QType     string       `json:"qtype"`
	Rcode     string       `json:"rcode,omitempty"`  // absent: unanswered
	Answers   []netip.Addr `json:"answers,omitzero"` // addresses; empty: none in the answer
	Resolver  netip.Addr   `json:"resolver"`
	RTT       *float64     `json:"rtt_ms,omitempty"`
	Responses int          `json:"responses"`
}

func (r *flowRecord) exchanges(all []fact.DNS) {
	if n := len(all) - maxExchanges; n > 0 {
		r.DNSMore += n
		all = all[:maxExchanges]
	}
	for i := range all {
		r.DNS = append(r.DNS, newExchange(&all[i]))
	}
}

func newExchange(d *fact.DNS) exchange {
	e := exchange{QName: d.QName, QType: qtype(d.QType), Resolver: d.Resolver, Responses: len(d.Answers) + d.More}
	if len(d.Answers) > 0 {
		a := &d.Answers[0]
		e.Rcode, e.Answers, e.RTT = rcode(a.Rcode), list(a.Addrs), optMs(a.RTT)
	}
	return e
}

// qtypes are the types asked for in practice (IANA dns-parameters).
var qtypes = map[uint16]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV",
	64: "SVCB", 65: "HTTPS", 255: "ANY",
}

// qtype names a type, others as RFC 3597 section 5 writes them.
func qtype(t uint16) string {
	if s, ok := qtypes[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// rcodes are the response codes of RFC 1035 section 4.1.1.
var rcodes = [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}

func rcode(c uint8) string {
	if int(c) < len(rcodes) {
		return rcodes[c]
	}
	return "RCODE" + strconv.Itoa(int(c))
}
