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
	Filters  bool // denies names by a list which its user chose
}

type resolver struct {
	ResolverInfo
	hosts, calls               []string
	prefixes, outlets, filters []netip.Prefix
}

// resolvers finds a resolver by address, by the name of its encrypted transports,
// by the address that it asks the world from, or by what its hosts call themselves.
type resolvers struct {
	byAddr   *bart.Table[*resolver]
	byOutlet *bart.Table[*resolver]
	byHost   map[string]*resolver
	byCall   map[string]*resolver
}

func newResolvers() resolvers {
	return resolvers{
		byAddr: new(bart.Table[*resolver]), byOutlet: new(bart.Table[*resolver]),
		byHost: map[string]*resolver{}, byCall: map[string]*resolver{},
	}
}

func (s resolvers) add(r *resolver) {
	for _, p := range r.prefixes {
		s.byAddr.Insert(p, r)
		s.byOutlet.Insert(p, r)
	}
	if len(r.filters) > 0 {
		f := *r
		f.Filters = true
		for _, p := range r.filters {
			s.byAddr.Insert(p, &f)
		}
	}
	for _, p := range r.outlets {
		s.byOutlet.Insert(p, r)
	}
	for _, h := range r.hosts {
		s.byHost[h] = r
	}
	for _, h := range r.calls {
		s.byCall[h] = r
	}
}

// Outlet returns the resolver that asks the world from an address.
func (r *Rules) Outlet(a netip.Addr) (ResolverInfo, bool) {
	if !a.IsValid() {
		return ResolverInfo{}, false
	}
	if x, ok := r.resolvers.byOutlet.Lookup(plain(a)); ok {
		return x.ResolverInfo, true
	}
	return ResolverInfo{}, false
}

// ResolverCalling returns the resolver whose hosts call themselves so.
func (r *Rules) ResolverCalling(host string) (ResolverInfo, bool) {
	var buf [maxName]byte
	for name := fold(host, &buf); len(name) > 0; {
		if x := r.resolvers.byCall[string(name)]; x != nil {
			return x.ResolverInfo, true
		}
		dot := indexDot(name)
		if dot < 0 {
			break
		}
		name = name[dot+1:]
	}
	return ResolverInfo{}, false
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
