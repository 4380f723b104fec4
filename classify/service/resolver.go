package service

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// ResolverInfo is what is known of a DNS resolver.
type ResolverInfo struct {
	ID, Name string
	National bool // run by a state for its providers (NSDI): not public
	Rewrites bool // answers with other addresses on purpose
}

type resolver struct {
	ResolverInfo
	hosts    []string
	prefixes []netip.Prefix
}

// resolvers finds a resolver by address, or by the name of its encrypted
// transports.
type resolvers struct {
	byAddr *bart.Table[*resolver]
	byHost map[string]*resolver
}

func (s resolvers) add(r *resolver) {
	for _, p := range r.prefixes {
		s.byAddr.Insert(p, r)
	}
	for _, h := range r.hosts {
		s.byHost[h] = r
	}
}

// Resolver returns what is known of the resolver at an address.
func (r *Rules) Resolver(a netip.Addr) (ResolverInfo, bool) {
	if !a.IsValid() {
		return ResolverInfo{}, false
	}
	if x, ok := r.resolvers.byAddr.Lookup(plain(a)); ok {
		return x.ResolverInfo, true
	}
	return ResolverInfo{}, false
}

// ResolverHost returns the resolver whose DNS-over-HTTPS, -TLS or -QUIC service
// has that name.
func (r *Rules) ResolverHost(name string) (ResolverInfo, bool) {
	var buf [maxName]byte
	if x := r.resolvers.byHost[string(fold(name, &buf))]; x != nil {
		return x.ResolverInfo, true
	}
	return ResolverInfo{}, false
}

// PublicResolver names a well-known resolver by its id: "google", "quad9"; the
// national ones (see [Rules.Resolver]) have names too, "nsdi".
func (r *Rules) PublicResolver(a netip.Addr) (name string, ok bool) {
	info, ok := r.Resolver(a)
	return info.ID, ok
}
