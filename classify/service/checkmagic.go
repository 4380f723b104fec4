package service

import (
	"encoding/hex"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"chokepoint/capture"
)

// payload reads what a document says of payload, hellos and certificates, and
// of names that are not the service's.
func (c *checker) payload(p *patch, d *serviceDoc) {
	for _, n := range d.Exclude {
		c.name(n, matchSuffix)
		p.excluded = append(p.excluded, &exclusion{place: c.at(n), suffix: n.s})
	}
	for i := range d.Magic {
		p.magic = append(p.magic, c.magic(&d.Magic[i], d.ID))
	}
	for _, a := range d.ALPN {
		p.tokens = append(p.tokens, c.tokens(tokenALPN, &a.Entry, a.Values, c.weight(nearest(d.ID, first(a.Values)), a.Weight), d.ID)...)
	}
	for _, j := range d.JA4 {
		w := weightJA4
		if j.Unique {
			w = weightJA4Unique
		}
		p.tokens = append(p.tokens, c.tokens(tokenJA4, &j.Entry, j.Values, w, d.ID)...)
	}
	for _, o := range d.Certs {
		p.tokens = append(p.tokens, c.tokens(tokenOrg, &o.Entry, o.Orgs, c.weight(nearest(d.ID, first(o.Orgs)), o.Weight), d.ID)...)
	}
}

func (c *checker) weight(near text, w int) int {
	if w < 1 || w > 100 {
		c.fail(near, "bad weight %d: want 1 to 100", w)
	}
	return w
}

// ja4Shape is what fingerprints look like: transport, version, SNI or none, numbers
// of ciphers and extensions, ALPN, and two hashes (JA4 technical details, FoxIO).
var ja4Shape = regexp.MustCompile(`^[tqd](1[0-3]|s[23]|d[123]|00)[di][0-9]{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)

func (c *checker) tokens(kind tokenKind, e *entryDoc, values []text, weight int, near text) []*tokenRule {
	o := c.entry(e)
	if len(values) == 0 {
		c.fail(nearest(near, e.Fn, e.Conf, first(e.Src)), "an entry of %s lists needs values", kind)
	}
	out := make([]*tokenRule, 0, len(values))
	for _, v := range values {
		switch {
		case v.s == "" || len(v.s) > 255:
			c.fail(v, "bad value %q: want 1 to 255 bytes", v.s)
		case kind == tokenJA4 && !ja4Shape.MatchString(v.s):
			c.fail(v, "bad JA4 %q: want one as t13d1516h2_8daaf6152771_d8a2da3f94cd", v.s)
		}
		out = append(out, &tokenRule{origin: o, place: c.at(v), kind: kind, value: v.s, weight: weight})
	}
	return out
}

// transports are what magic looks at.
var transports = map[string]transport{"tcp": overTCP, "udp": overUDP, "ip": overIP}

// directions as [magicRule] has them; of an absent one, both.
var directions = map[string]direction{"up": dirUp, "down": dirDown, "any": dirAny, "": dirAny}

// wheres tell the rules for early payloads; of an absent one, the first only.
var wheres = map[string]bool{"first": false, "early": true, "": false}

func (c *checker) magic(d *magicDoc, near text) *magicRule {
	near = nearest(near, d.ID, d.Proto, d.Builtin)
	if d.ID.s == "" || d.Proto.s == "" {
		c.fail(near, "magic needs id, proto and weight")
	}
	m := &magicRule{
		origin: c.entry(&d.Entry), place: c.at(near), id: c.id(d.ID), over: oneOf(c, "proto", d.Proto, transports),
		dir: oneOf(c, "dir", d.Dir, directions), early: oneOf(c, "where", d.Where, wheres),
		answered: d.Answered, weight: c.weight(near, d.Weight), min: 0, max: maxLen,
	}
	c.length(m, d.Len, near)
	for _, b := range d.Bytes {
		m.bytes = append(m.bytes, c.pattern(&b, near))
	}
	if n := telling(m.bytes); len(m.bytes) > 0 && n < 8 {
		c.fail(near, "magic %s tests %d bits: it labels everybody's traffic", m.id, n)
	}
	for _, t := range d.OnlyPorts {
		lo, hi, ok := portRange(t.s)
		if !ok {
			c.fail(t, "bad port %q: want n or a-b, 1 to 65535", t.s)
		}
		m.ports = append(m.ports, portSpan{lo, hi})
	}
	if d.Needs.s != "" && d.Needs.s != "addr" {
		c.fail(d.Needs, "unknown needs %q: want addr", d.Needs.s)
	}
	m.needsAddr = d.Needs.s == "addr"
	c.builtin(m, d, near)
	return m
}

// telling returns how many bits patterns test.
func telling(ps []pattern) (n int) {
	for _, p := range ps {
		for _, b := range p.mask {
			n += bits.OnesCount8(b)
		}
	}
	return n
}

// maxLen is the longest payload there is, with room: GRO joins segments.
const maxLen = 1 << 20

func (c *checker) length(m *magicRule, d *lenDoc, near text) {
	if d == nil {
		return
	}
	for p, v := range map[*int]*int{&m.min: d.Min, &m.max: d.Max} {
		if v != nil {
			*p = *v
		}
	}
	if d.Eq != nil {
		m.min, m.max = *d.Eq, *d.Eq
	}
	if d.Eq != nil && (d.Min != nil || d.Max != nil) || m.min < 0 || m.min > m.max || m.max > maxLen {
		c.fail(near, "bad len: want eq, or min up to max, at most %d", maxLen)
	}
}

// pattern reads bytes at an offset. The bytes are kept under their mask, so that
// they are compared with one operation.
func (c *checker) pattern(d *bytesDoc, near text) pattern {
	p := pattern{at: d.At}
	if d.At < 0 || d.At > maxLen {
		c.fail(nearest(near, d.Hex), "bad offset %d", d.At)
	}
	p.want = c.hex(d.Hex, near)
	p.mask = []byte(strings.Repeat("\xff", len(p.want)))
	if d.Mask.s != "" {
		p.mask = c.hex(d.Mask, near)
	}
	if len(p.mask) != len(p.want) {
		c.fail(d.Mask, "mask of %d bytes for %d bytes", len(p.mask), len(p.want))
		return p
	}
	for i := range p.want {
		if p.want[i]&^p.mask[i] != 0 {
			c.fail(d.Hex, "%s can never hold under mask %s", d.Hex.s, d.Mask.s)
		}
	}
	return p
}

func (c *checker) hex(t, near text) []byte {
	b, err := hex.DecodeString(t.s)
	if err != nil || len(b) == 0 {
		c.fail(nearest(near, t), "bad bytes %q: want hex digits in pairs", t.s)
	}
	return b
}

// builtin ties a rule to its matcher and reads what that one wants to know.
func (c *checker) builtin(m *magicRule, d *magicDoc, near text) {
	if (len(m.bytes) > 0) == (d.Builtin.s != "") {
		c.fail(near, "magic %s needs either bytes or builtin", d.ID.s)
		return
	}
	attrs, types, protos := c.numbers(d.Attrs, 16), c.numbers(d.Types, 16), c.numbers(d.Protos, 8)
	if d.Builtin.s != "" {
		m.run = oneOf(c, "builtin", d.Builtin, builtins)
	}
	m.builtin, m.attrs, m.types, m.costly = d.Builtin.s, attrs, types, costly[d.Builtin.s]
	for _, p := range protos {
		m.protos = append(m.protos, uint8(p.n))
	}
	for _, t := range d.Realms {
		if t.s == "" || t.s != strings.ToLower(t.s) {
			c.fail(t, "bad realm %q: want lower case", t.s)
		}
		m.realms = append(m.realms, t.s)
	}
	asks := len(attrs)+len(types)+len(m.realms) > 0
	switch {
	case asks != (d.Builtin.s == builtinSTUN):
		c.fail(near, "attrs, types and realms belong to builtin stun, which needs one of them")
	case (len(protos) > 0) != (d.Builtin.s == builtinIP):
		c.fail(near, "protos belong to builtin ip_proto, which needs them")
	case (m.over == overIP) != (d.Builtin.s == builtinIP):
		c.fail(near, "proto ip and builtin ip_proto belong together")
	case m.over == overIP && (m.needsAddr || len(m.ports) > 0):
		c.fail(near, "proto ip has no ports, and its addresses need no rule")
	}
}

// number is one number and how it is called.
type number struct {
	n    uint16
	text string
}

func (c *checker) numbers(ts []text, bits int) []number {
	var out []number
	for _, t := range ts {
		n, err := strconv.ParseUint(t.s, 0, bits)
		if err != nil {
			c.fail(t, "bad number %q: want %d bits", t.s, bits)
		}
		out = append(out, number{uint16(n), t.s})
	}
	return out
}

// transportOf maps an IP protocol to what rules call it.
func transportOf(proto uint8) transport {
	switch proto {
	case capture.ProtoTCP:
		return overTCP
	case capture.ProtoUDP:
		return overUDP
	}
	return overIP
}
