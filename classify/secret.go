package classify

import (
	"cmp"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/service"
)

// Ports of encrypted DNS: TLS and QUIC (RFC 7858 section 3.1, RFC 9250 section
// 4.1.1), and those that QUIC was tried on before it had one.
const (
	portHTTPS = 443
	portDoT   = 853
	portDoQ1  = 784
	portDoQ2  = 8853
)

// over says how names are asked for on a flow to a resolver, "" if the flow is
// none: by its port, or by the name or address of a resolver that answers on
// the port of the web. An address does only where no other name is given: web
// sites of a resolver's owner may live there too.
func over(rules *service.Rules, key *capture.Key, sni string) (resolver, how string) {
	switch key.DstPort {
	case portHTTPS, portDoT, portDoQ1, portDoQ2:
	default:
		return "", ""
	}
	known, named := rules.ResolverHost(sni)
	if key.DstPort == portHTTPS && sni != "" && !named {
		return "", ""
	}
	at, there := rules.Resolver(key.DstAddr())
	if !named {
		known = at
	}
	switch {
	case key.DstPort == portDoT && key.Proto == capture.ProtoTCP:
		return cmp.Or(known.ID, answer.UnknownResolver), answer.OverTLS
	case (key.DstPort == portDoT || key.DstPort == portDoQ1 || key.DstPort == portDoQ2) && key.Proto == capture.ProtoUDP && (named || there):
		return known.ID, answer.OverQUIC
	case key.DstPort == portHTTPS && (named || there && sni == ""):
		return known.ID, answer.OverHTTPS
	}
	return "", ""
}

// secretSeen is a flow to a resolver that nobody in between can read.
type secretSeen struct {
	resolver, over, name string
	start                int64 // ns
}

// secretDNS adds up such flows. The order they come in does not matter.
type secretDNS map[[2]string]*answer.EncryptedDNS

func (s secretDNS) count(o *secretSeen) {
	k := [2]string{o.resolver, o.over}
	x := s[k]
	if x == nil {
		x = &answer.EncryptedDNS{Resolver: o.resolver, Over: o.over}
		s[k] = x
	}
	first := time.Unix(0, o.start).UTC()
	if x.Flows++; x.First.IsZero() || first.Before(x.First) || first.Equal(x.First) && o.name < x.Name {
		x.First, x.Name = first, o.name
	}
}

// list returns the resolvers, those asked first first.
func (s secretDNS) list() []answer.EncryptedDNS {
	var out []answer.EncryptedDNS
	for _, x := range s {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b answer.EncryptedDNS) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Resolver, b.Resolver), cmp.Compare(a.Over, b.Over))
	})
	return out
}
