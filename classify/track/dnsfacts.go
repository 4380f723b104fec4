package track

import (
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/wire/dns"
)

// DNS record types (IANA dns-parameters).
const (
	typeCNAME = 5
	typeTXT   = 16
)

// answerFacts copies what is kept of a response.
func answerFacts(m *dns.Message, p *capture.Packet) fact.DNSAnswer {
	a := fact.DNSAnswer{
		Num: p.Num, Time: p.Time, Rcode: uint8(m.Rcode), AA: m.AA, RA: m.RA, TC: m.TC, Clipped: m.Clipped,
		HasSOA: m.HasSOA, SOAOwner: strings.Clone(m.SOAOwner), EDNS: m.HasOPT, Cookie: m.HasCookie, IPTTL: p.TTL,
		Broken: m.FaultAt != 0 && !m.Clipped,
		DF:     p.Has&capture.HasDF != 0,
	}
	if p.Has&capture.HasIPID != 0 {
		a.IPID = fact.Some(p.IPID)
	}
	for i := range m.Answers {
		r := &m.Answers[i]
		if i == 0 || r.TTL < a.MinTTL {
			a.MinTTL = r.TTL
		}
		if a.ECHName == "" {
			a.ECHName = strings.Clone(r.ECHName)
		}
		if r.Addr.IsValid() && len(a.Addrs) < maxAddrs {
			a.Addrs = append(a.Addrs, r.Addr)
		}
		if r.Type == typeTXT && a.Text == "" {
			a.Text = strings.ReplaceAll(r.Target, `\.`, ".") // it is written as a label is, of which dots are no part
		}
		if r.Type == typeCNAME && len(a.Targets) < maxAddrs {
			a.Targets = append(a.Targets, strings.Clone(r.Target))
		}
	}
	return a
}
