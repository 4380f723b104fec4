package detect

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// place estimates from IP TTLs where a forged answer was made, if it came from
// another distance than the resolver's answers for other names.
func (x dnsCase) place(fd *finding.Finding, a *fact.DNSAnswer) {
	h := x.habit()
	if x.ownResolver() || x.nearer(a, &h) == 0 {
		return
	}
	injector, server := hopRange([]uint8{a.IPTTL}, hopSlack), hopRange([]uint8{h.TTL}, 0)
	if injector == nil || server == nil {
		return
	}
	fd.Hops = &finding.Hops{Injector: injector, Server: server}
	// At no hop it may be this very host; beyond the resolver the TTL was made up.
	if injector[0] >= 1 && injector[1] < server[0] {
		fd.Segment = finding.ServerSide
	}
}
