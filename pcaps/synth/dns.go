package synth

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Zone is what a resolver knows: names to addresses of either family.
type Zone map[string][]netip.Addr

// DNSAnswer describes a response.
type DNSAnswer struct {
	Rcode dnsmessage.RCode
	Addrs []netip.Addr
	TTL   uint32 // s
	SOA   bool   // a negative answer names its zone, as RFC 2308 section 3 asks
	EDNS  bool
	NoRA  bool
}

// Query writes a query for the A record of a name, with EDNS.
func Query(id uint16, name string) ([]byte, error) { return QueryFor(id, name, dnsmessage.TypeA) }

// QueryFor writes a query for records of a type, with EDNS.
func QueryFor(id uint16, name string, typ dnsmessage.Type) ([]byte, error) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, RecursionDesired: true})
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, fmt.Errorf("query for %q: %w", name, err)
	}
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	if err := b.Question(dnsmessage.Question{Name: n, Type: typ, Class: dnsmessage.ClassINET}); err != nil {
		return nil, err
	}
	if err := addOPT(&b); err != nil {
		return nil, err
	}
	return b.Finish()
}

func addOPT(b *dnsmessage.Builder) error {
	var h dnsmessage.ResourceHeader
	if err := h.SetEDNS0(1232, dnsmessage.RCodeSuccess, false); err != nil {
		return err
	}
	if err := b.StartAdditionals(); err != nil {
		return err
	}
	return b.OPTResource(h, dnsmessage.OPTResource{})
}

// question reads the id and the name asked for.
func question(query []byte) (id uint16, q dnsmessage.Question, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return 0, q, err
	}
	q, err = p.Question()
	return h.ID, q, err
}

// Respond writes the response to a query.
func (a DNSAnswer) Respond(query []byte) ([]byte, error) {
	id, q, err := question(query)
	if err != nil {
		return nil, fmt.Errorf("answer a query: %w", err)
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, Response: true, RecursionDesired: true, RecursionAvailable: !a.NoRA, RCode: a.Rcode})
	b.EnableCompression()
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	if err := b.Question(q); err != nil {
		return nil, err
	}
	if err := a.records(&b, q.Name); err != nil {
		return nil, err
	}
	if a.EDNS {
		if err := addOPT(&b); err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

func (a DNSAnswer) records(b *dnsmessage.Builder, name dnsmessage.Name) error {
	h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: a.TTL}
	if err := b.StartAnswers(); err != nil {
		return err
	}
	for _, addr := range a.Addrs {
		if err := addressRecord(b, h, addr); err != nil {
			return err
		}
	}
	if !a.SOA {
		return nil
	}
	if err := b.StartAuthorities(); err != nil {
		return err
	}
	h.Name, h.TTL = dnsmessage.MustNewName("."), 900
	return b.SOAResource(h, dnsmessage.SOAResource{NS: dnsmessage.MustNewName("a.root-servers.net."), MBox: dnsmessage.MustNewName("nstld.verisign-grs.com."),
		Serial: 2026112000, Refresh: 1800, Retry: 900, Expire: 604800, MinTTL: 86400})
}

func addressRecord(b *dnsmessage.Builder, h dnsmessage.ResourceHeader, a netip.Addr) error {
	if a.Is4() {
		return b.AResource(h, dnsmessage.AResource{A: a.As4()})
	}
	return b.AAAAResource(h, dnsmessage.AAAAResource{AAAA: a.As16()})
}

// lookUp is what a resolver with this zone answers.
func (z Zone) lookUp(q dnsmessage.Question) DNSAnswer {
	name := q.Name.String()
	addrs, ok := z[name[:len(name)-1]]
	if !ok {
		return DNSAnswer{Rcode: dnsmessage.RCodeNameError, SOA: true, EDNS: true}
	}
	a := DNSAnswer{TTL: 60, EDNS: true}
	for _, addr := range addrs {
		if q.Type == dnsmessage.TypeA && addr.Is4() || q.Type == dnsmessage.TypeAAAA && addr.Is6() {
			a.Addrs = append(a.Addrs, addr)
		}
	}
	a.SOA = len(a.Addrs) == 0 // the name is there, the type is not (RFC 2308 section 2.2)
	return a
}

// Resolver makes a host answer DNS over UDP from a zone after a short thought.
func Resolver(h *Host, z Zone, think time.Duration) {
	h.UDP = func(path *Path, p *Packet) {
		_, q, err := question(p.Payload)
		if err != nil {
			return // a resolver drops what it cannot read
		}
		reply, err := z.lookUp(q).Respond(p.Payload)
		if err != nil {
			return
		}
		h.Sim.After(think+h.Sim.Jitter(think), func() {
			path.enter(&Packet{Dir: Down, Src: p.Dst, Dst: p.Src, Proto: p.Proto, TTL: h.ttl(), ID: uint16(h.Sim.Rand.Uint32()), Payload: reply})
		})
	}
}

// DNSOverTCP is one question over TCP and its answer (RFC 7766).
func DNSOverTCP(z Zone, id uint16, name string) (Script, error) {
	query, err := Query(id, name)
	if err != nil {
		return nil, err
	}
	_, q, err := question(query)
	if err != nil {
		return nil, err
	}
	reply, err := z.lookUp(q).Respond(query)
	if err != nil {
		return nil, err
	}
	return Script{{From: Up, Data: vec16(query)}, {From: Down, Data: vec16(reply), Wait: time.Millisecond}, {From: Up, Act: Close}}, nil
}

// Addresses reads the rcode and the addresses of a response.
func Addresses(response []byte) (dnsmessage.RCode, []netip.Addr) {
	var m dnsmessage.Message
	if err := m.Unpack(response); err != nil {
		return dnsmessage.RCodeFormatError, nil
	}
	var out []netip.Addr
	for _, r := range m.Answers {
		switch a := r.Body.(type) {
		case *dnsmessage.AResource:
			out = append(out, netip.AddrFrom4(a.A))
		case *dnsmessage.AAAAResource:
			out = append(out, netip.AddrFrom16(a.AAAA))
		}
	}
	return m.RCode, out
}
