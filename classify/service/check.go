package service

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/wire"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// service turns one service document into a patch.
func (c *checker) service(d *serviceDoc) {
	p := &patch{replace: d.Replace, disabled: d.Disabled}
	p.svc = svc{
		place: c.at(d.ID), id: c.id(d.ID), name: d.Name.s, category: d.Category.s, family: d.Family.s,
		notes: values(d.Notes), date: c.date(d.Date), files: []string{c.file},
	}
	if d.Family.s != "" {
		c.id(d.Family)
	}
	for _, f := range d.Functions {
		f = function(f)
		oneOf(c, "function", f, functions)
		p.functions = append(p.functions, f.s)
	}
	for i := range d.Domains {
		p.names = append(p.names, c.domains(&d.Domains[i], d.ID)...)
	}
	for i := range d.Prefixes {
		p.prefixes = append(p.prefixes, c.prefixes(&d.Prefixes[i], d.ID)...)
	}
	for i := range d.Ports {
		p.ports = append(p.ports, c.ports(&d.Ports[i], d.ID)...)
	}
	c.payload(p, d)
	c.twice(p)
	c.out.patches = append(c.out.patches, p)
}

// id checks an identifier: it is printed, typed and made into file names.
func (c *checker) id(t text) string {
	if !validID(t.s) {
		c.fail(t, "bad id %q: want letters, digits, '_', '.' and '-', at most 64, a letter or digit first", t.s)
	}
	return t.s
}

func validID(s string) bool {
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		case i > 0 && (b == '_' || b == '.' || b == '-'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// entry reads what list entries have in common. Whoever leaves conf out, in a
// file of his own, is sure of it.
func (c *checker) entry(d *entryDoc) *origin {
	o := &origin{fn: anyFunction, conf: "high", sure: 100, src: c.cite(d.Src), note: d.Note.s}
	if d.Fn.s != "" {
		fn := function(d.Fn)
		oneOf(c, "function", fn, functions)
		o.fn = fn.s
	}
	if d.Conf.s != "" {
		o.sure = oneOf(c, "conf", d.Conf, confidences)
		o.conf = d.Conf.s
	}
	return o
}

func (c *checker) domains(d *domainDoc, near text) []*nameRule {
	if d.Match.s == "" || len(d.Names) == 0 {
		c.fail(nearest(near, d.Match, d.Entry.Fn, first(d.Names)), "a domains entry needs match and names")
		return nil
	}
	kind := oneOf(c, "match", d.Match, matchKinds)
	o := c.entry(&d.Entry)
	out := make([]*nameRule, 0, len(d.Names))
	for _, n := range d.Names {
		c.name(n, kind)
		out = append(out, &nameRule{origin: o, place: c.at(n), kind: kind, name: n.s, shared: d.Shared, elsewhere: d.Elsewhere})
	}
	return out
}

// name checks a name or pattern. Non-ASCII names are written as A-labels, as
// they are on the wire.
func (c *checker) name(t text, kind matchKind) {
	plain := t.s
	if kind == matchGlob {
		plain = strings.ReplaceAll(t.s, "*", "x")
	}
	name, ok := wire.Hostname(plain)
	stars := strings.Count(t.s, "*")
	switch {
	case !ok:
		c.fail(t, "bad name %q", t.s)
	case name != plain:
		c.fail(t, "bad name %q: want lower case without a trailing dot", t.s)
	case !strings.Contains(name, "."):
		c.fail(t, "bad name %q: a single label is too much", t.s)
	case kind == matchGlob && stars == 0:
		c.fail(t, "bad glob %q: no '*' in it, make it exact", t.s)
	case kind == matchGlob && strings.Count(globTail(t.s), ".") == 0:
		c.fail(t, "bad glob %q: two whole labels must follow the last '*'", t.s)
	}
}

func (c *checker) prefixes(d *prefixDoc, near text) []*prefixRule {
	if d.Role.s == "" || len(d.CIDRs) == 0 {
		c.fail(nearest(near, d.Role, d.Entry.Fn, first(d.CIDRs)), "a prefixes entry needs role and cidrs")
		return nil
	}
	r := oneOf(c, "role", d.Role, roles)
	o := c.entry(&d.Entry)
	if d.Place.s != "" {
		c.id(d.Place)
	}
	out := make([]*prefixRule, 0, len(d.CIDRs))
	for _, t := range d.CIDRs {
		out = append(out, &prefixRule{origin: o, place: c.at(t), role: r, prefix: c.prefix(t), text: t.s, at: d.Place.s})
	}
	return out
}

var protocols = map[string]uint8{"tcp": capture.ProtoTCP, "udp": capture.ProtoUDP}

func (c *checker) ports(d *portDoc, near text) []*portRule {
	if d.Proto.s == "" || len(d.Ports) == 0 {
		c.fail(nearest(near, d.Proto, d.Entry.Fn, first(d.Ports)), "a ports entry needs proto, weight and ports")
		return nil
	}
	if d.Weight < 1 || d.Weight > 100 {
		c.fail(d.Proto, "bad weight %d: want 1 to 100", d.Weight)
	}
	proto := oneOf(c, "proto", d.Proto, protocols)
	o := c.entry(&d.Entry)
	out := make([]*portRule, 0, len(d.Ports))
	for _, t := range d.Ports {
		lo, hi, ok := portRange(t.s)
		if !ok {
			c.fail(t, "bad port %q: want n or a-b, 1 to 65535", t.s)
		}
		out = append(out, &portRule{origin: o, place: c.at(t), proto: proto, lo: lo, hi: hi, weight: d.Weight, text: d.Proto.s + "/" + t.s})
	}
	return out
}

func portRange(s string) (lo, hi uint16, ok bool) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	l, err1 := strconv.ParseUint(a, 10, 16)
	h, err2 := strconv.ParseUint(b, 10, 16)
	return uint16(l), uint16(h), err1 == nil && err2 == nil && 0 < l && l <= h
}

// twice refuses what one document says twice: one of the two is a mistake.
func (c *checker) twice(p *patch) {
	seen := map[string]int{}
	once := func(at place, key string) {
		if l, dup := seen[key]; dup {
			c.fail(text{line: at.line}, "%s is in line %d already", key, l)
		}
		seen[key] = at.line
	}
	for _, r := range p.names {
		once(r.place, r.key())
	}
	for _, r := range p.prefixes {
		once(r.place, r.key())
	}
	for _, r := range p.ports {
		once(r.place, r.key())
	}
	for _, r := range p.excluded {
		once(r.place, r.key())
	}
	for _, r := range p.magic {
		once(r.place, r.key())
	}
	for _, r := range p.tokens {
		once(r.place, r.key())
	}
}

func (r *nameRule) key() string   { return r.kind.String() + " " + r.name }
func (p *prefixRule) key() string { return p.role.String() + " " + p.text }
func (p *portRule) key() string   { return "port " + p.text }

func first(ts []text) text {
	if len(ts) == 0 {
		return text{}
	}
	return ts[0]
}

// nearest returns the first text that has a line: where to point at when what is
// missing has none.
func nearest(fallback text, ts ...text) text {
	for _, t := range ts {
		if t.line > 0 {
			return t
		}
	}
	return fallback
}
