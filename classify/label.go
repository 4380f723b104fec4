package classify

import (
	"net/netip"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// labelled is the little that labels most flows.
type labelled struct {
	sni            string
	client, server netip.Addr
	port           uint16
	proto          uint8
	now            int64
}

// label names a flow by little: its name, what the client resolved to its
// address, the address and port.
func (r *run) label(l labelled) service.Label {
	return r.opt.Rules.Classify(&service.Evidence{
		SNI: l.sni, DNS: r.seen.bindings.of(l.client, l.server, l.now),
		Server: l.server, Port: l.port, Proto: l.proto,
	})
}

// labelFlow names a flow by all that is known of it.
func (r *run) labelFlow(f *fact.Flow) service.Label {
	e := service.Evidence{
		SNI: f.Names.SNI, Host: f.Names.Host, CertNames: f.Names.CertNames, DNS: f.Names.DNS,
		Server: f.Key.DstAddr(), Port: f.Key.DstPort, Proto: f.Key.Proto,
	}
	if len(f.DNS) > 0 {
		e.QName = r.telling(f.DNS)
	}
	return r.opt.Rules.Classify(&e)
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
