package classify

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// labelled is the little that labels most flows.
type labelled struct {
	sni            string
	signs          []service.Sign
	both           bool
	client, server netip.Addr
	port           uint16
	proto          uint8
	now            int64
}

// label names a flow by little: its name, what the client resolved to its
// address, the address and port.
func (r *run) label(l labelled) service.Label {
	return r.opt.Rules.Classify(&service.Evidence{
		SNI: l.sni, Signs: l.signs, BothWays: l.both, DNS: r.seen.bindings.of(l.client, l.server, l.now),
		Server: l.server, Port: l.port, Proto: l.proto,
	})
}

// labelFlow names a flow by all that is known of it.
func (r *run) labelFlow(f *fact.Flow) service.Label {
	e := service.Evidence{
		SNI: f.Names.SNI, Host: f.Names.Host, CertNames: f.Names.CertNames, CertOrgs: f.Names.CertOrgs,
		DNS: f.Names.DNS, DNSShared: f.Names.DNSShared, ALPN: f.Names.ALPN, JA4: f.Names.JA4,
		Server: f.Key.DstAddr(), Port: f.Key.DstPort, Proto: f.Key.Proto,
		Signs: f.Signs, Place: f.Place, Media: f.ForMedia,
		BothWays: f.Sides[fact.Up].Payload > 0 && f.Sides[fact.Down].Payload > 0,
	}
	if f.Names.Decoy != "" { // two names for the same bytes: neither counts (precedence 11)
		e.SNI = ""
	}
	if len(f.DNS) > 0 {
		e.QName = r.telling(f.DNS)
	}
	if f.Key.Proto == capture.ProtoUDP && e.QName == "" {
		e.Arranged = r.seen.arranged.about(f)
	}
	l := r.opt.Rules.Classify(&e)
	if l.Service == "" && l.Family != "" && !l.Mismatch && e.QName == "" {
		if live := r.seen.sessions.about(f, l.Family); len(live) > 0 {
			e.Arranged = append(e.Arranged, live...)
			l = r.opt.Rules.Classify(&e)
		}
	}
	return l
}

// telling is the name of a DNS conversation that belongs to a service, or the
// first one.
func (r *run) telling(list []fact.DNS) string {
	for i := range list {
		if owner, _ := r.opt.Rules.OwnerOfName(list[i].QName); owner != "" {
			return list[i].QName
		}
	}
	return list[0].QName
}
