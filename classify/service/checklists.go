package service

import "net/netip"

// lists turns a document of lists into facts.
func (c *checker) lists(d *listsDoc) {
	l := &lists{date: c.date(d.Date)}
	for _, s := range d.Sources {
		if s.Key.s == "" || s.What.s == "" {
			c.fail(nearest(text{}, s.Key, s.What), "a source needs key and what")
		}
		l.sources = append(l.sources, s.Key.s)
	}
	for _, o := range d.Owners {
		c.cite(o.Src)
		l.owners = append(l.owners, owner{id: c.id(o.ID), closed: o.Closed})
	}
	for i := range d.Resolvers {
		l.resolvers = append(l.resolvers, c.resolver(&d.Resolvers[i]))
	}
	for _, e := range d.MustExist {
		c.cite(e.Src)
		for _, n := range e.Names {
			c.name(n, matchExact)
			l.exist = append(l.exist, n.s)
		}
	}
	for _, e := range d.ECHOuter {
		c.cite(e.Src)
		c.name(e.Name, matchExact)
		l.ech = append(l.ech, outer{e.Name.s, c.id(e.Provider)})
	}
	c.out.lists = append(c.out.lists, l)
}

func (c *checker) resolver(d *resolverDoc) *resolver {
	r := &resolver{ResolverInfo: ResolverInfo{ID: c.id(d.ID), Name: d.Name.s, National: d.National, Rewrites: d.Rewrites}}
	c.cite(d.Src)
	for _, h := range d.Hosts {
		c.name(h, matchExact)
		r.hosts = append(r.hosts, h.s)
	}
	for _, h := range d.Calls {
		c.name(h, matchSuffix)
		r.calls = append(r.calls, h.s)
	}
	r.prefixes, r.outlets, r.filters = c.blocks(d.Addrs), c.blocks(d.Outlets), c.blocks(d.Filters)
	return r
}

// blocks reads addresses and prefixes.
func (c *checker) blocks(list []text) (out []netip.Prefix) {
	for _, a := range list {
		if ip, err := netip.ParseAddr(a.s); err == nil && ip.Zone() == "" {
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		out = append(out, c.prefix(a))
	}
	return out
}
