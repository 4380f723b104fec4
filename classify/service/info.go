package service

import (
	"net/netip"
	"slices"
	"time"
)

// Info describes a service to people.
type Info struct {
	ID, Name, Category, Family string
	Functions                  []string
	Date                       time.Time // of the newest file about it; zero unknown
	Files                      []string  // rule files that speak of it, in order
	Domains                    []DomainInfo
	Exclude                    []string // suffixes of names that are not the service's
	Prefixes                   []PrefixInfo
	Ports                      []PortInfo
	Magic                      []MagicInfo
	Tokens                     []TokenInfo
	Notes                      []string
	Sources                    map[string]int // rules by the source they cite
}

// Origin is how sure a group of rules is, and who says so.
type Origin struct {
	Function string
	Conf     string // high, medium, low
	Sources  []string
	Note     string
}

// DomainInfo is a group of names alike.
type DomainInfo struct {
	Origin
	Match     string // exact, suffix, glob
	Names     []string
	Shared    bool // name the family, not the service
	Elsewhere bool // also served from addresses that are not the owner's
}

// PrefixInfo is a group of address blocks alike.
type PrefixInfo struct {
	Origin
	Role     string // dedicated, endpoint, family, likely, shared, tenant, unverified
	Place    string // of the service, "" not told
	Prefixes []netip.Prefix
}

// PortInfo is a group of ports alike.
type PortInfo struct {
	Origin
	Ports  []string // "udp/596-599"
	Weight int      // percent, before conf
}

// Service returns what is known of a service.
func (r *Rules) Service(id string) (Info, bool) {
	s := r.byID[id]
	if s == nil {
		return Info{}, false
	}
	i := Info{
		ID: s.id, Name: s.name, Category: s.category, Family: s.family, Functions: slices.Clone(s.functions), Date: s.date,
		Files: slices.Clone(s.files), Notes: slices.Clone(s.notes), Sources: map[string]int{},
	}
	var last *origin
	for _, n := range s.names {
		if n.origin != last {
			i.Domains = append(i.Domains, DomainInfo{Origin: n.info(), Match: n.kind.String(), Shared: n.shared, Elsewhere: n.elsewhere})
		}
		d := &i.Domains[len(i.Domains)-1]
		d.Names = append(d.Names, n.name)
		last = i.count(n.origin)
	}
	last = nil
	for _, p := range s.prefixes {
		if p.origin != last {
			i.Prefixes = append(i.Prefixes, PrefixInfo{Origin: p.info(), Role: p.role.String(), Place: p.at})
		}
		d := &i.Prefixes[len(i.Prefixes)-1]
		d.Prefixes = append(d.Prefixes, p.prefix)
		last = i.count(p.origin)
	}
	last = nil
	for _, p := range s.ports {
		if p.origin != last {
			i.Ports = append(i.Ports, PortInfo{Origin: p.info(), Weight: p.weight})
		}
		d := &i.Ports[len(i.Ports)-1]
		d.Ports = append(d.Ports, p.text)
		last = i.count(p.origin)
	}
	i.payload(s)
	return i, true
}

// Does reports whether a service is known to have a function.
func (r *Rules) Does(id, function string) bool {
	s := r.byID[id]
	return s != nil && slices.Contains(s.functions, function)
}

func (o *origin) info() Origin {
	return Origin{Function: o.fn, Conf: o.conf, Sources: slices.Clone(o.src), Note: o.note}
}

func (i *Info) count(o *origin) *origin {
	for _, s := range o.src {
		i.Sources[s]++
	}
	return o
}
