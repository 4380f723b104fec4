package classify

import (
	"net/netip"
	"slices"

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
	start          int64 // when the flow began, ns
}

// label names a flow by little: its name, what the client resolved to its
// address, the address and port.
func (r *run) label(l labelled) service.Label {
	e := r.little(l)
	return r.opt.Rules.Classify(&e)
}

func (r *run) little(l labelled) service.Evidence {
	e := service.Evidence{SNI: l.sni, Signs: l.signs, BothWays: l.both, Server: l.server, Port: l.port, Proto: l.proto}
	e.DNS, e.DNSShared = r.seen.bindings.of(l.client, l.server, l.start)
	if r.front(l.sni) {
		e.SNI = ""
	}
	return e
}

// labelFlow names a flow by all that is known of it.
func (r *run) labelFlow(f *fact.Flow) service.Label {
	e := service.Evidence{
		SNI: f.Names.SNI, Host: f.Names.Host, CertNames: f.Names.CertNames, CertOrgs: f.Names.CertOrgs,
		DNS: f.Names.DNS, DNSShared: f.Names.DNSShared, ALPN: f.Names.ALPN, JA4: f.Names.JA4,
		Server: f.Key.DstAddr(), Port: f.Key.DstPort, Proto: f.Key.Proto,
		Signs: f.Signs, Place: f.Place, Media: f.ForMedia,
		BothWays: bothWays(f),
	}
	if f.Names.Decoy != "" || f.Names.ECH == "real" && r.front(e.SNI) {
		// Of two names for the same bytes neither counts (precedence 11), nor does
		// one under which anybody may be meant (12).
		e.SNI = ""
	}
	if f.Names.Proxied {
		e.Server, e.Port, e.DNS = netip.Addr{}, 0, nil
	}
	if len(f.DNS) > 0 {
		e.QName = r.telling(f.DNS)
	}
	if f.Key.Proto == capture.ProtoUDP && e.QName == "" {
		e.Arranged = r.seen.arranged.about(f)
	}
	l := r.opt.Rules.Classify(&e)
	if f.Names.Decoy == "" || sharesName(&l) {
		r.narrow(&e, &l, f.Key.SrcAddr(), f.ID, f.Start, f.Last)
	}
	r.hear(f, &l)
	return l
}

func bothWays(f *fact.Flow) bool {
	return f.Sides[fact.Up].Payload > 0 && f.Sides[fact.Down].Payload > 0
}

// narrow has a live session of the client tell the service where only the family
// is known (precedence 6): by a name that its services share, or by an address
// under no name at all. A name that is nobody's we know is somebody's all the
// same, who is not the service that the client happens to use.
func (r *run) narrow(e *service.Evidence, l *service.Label, client netip.Addr, id fact.FlowID, from, to int64) {
	nameless := e.SNI == "" && e.Host == "" && len(e.CertNames) == 0 && len(e.DNS) == 0
	if l.Service != "" || l.Family == "" || l.Mismatch || e.QName != "" || !nameless && !sharesName(l) {
		return
	}
	if live := r.seen.sessions.about(client, id, from, to, l.Family); len(live) > 0 {
		e.Arranged = append(e.Arranged, live...)
		*l = r.opt.Rules.Classify(e)
	}
}

// sharesName reports whether a label is by a name: without a service, several
// share it.
func sharesName(l *service.Label) bool { return says(l, "sni", "tls_cert", "http_host", "dns") }

// says reports whether evidence of some kind speaks for a label.
func says(l *service.Label, by ...string) bool {
	return slices.ContainsFunc(l.Why, func(w service.Why) bool { return w.Weight > 0 && slices.Contains(by, w.By) })
}

// hear tells what a flow is for where its label does not: media that is heard
// both ways is a call, whoever's it is. What goes one way only may be a camera or
// a broadcast. Of an unknown service, an address or a port tells no function.
func (r *run) hear(f *fact.Flow, l *service.Label) {
	if l.Service == "" && !sharesName(l) && !says(l, "arranged") {
		l.Function = ""
	}
	if f.App != "rtp" || !bothWays(f) || l.Mismatch || l.Function != "" && l.Function != "any" {
		return
	}
	if l.Service != "" && !r.opt.Rules.Does(l.Service, "call") {
		return
	}
	l.Function = "call"
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
