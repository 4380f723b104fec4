package service

import (
	"net/netip"
	"slices"
)

// transport is what payload a rule looks at.
type transport uint8

const (
	overTCP transport = iota
	overUDP
	overIP // any other IP protocol
	transportCount
)

func (t transport) String() string { return [...]string{"tcp", "udp", "ip"}[t] }

// direction of payload.
type direction uint8

const (
	dirAny direction = iota
	dirUp
	dirDown
)

func (d direction) String() string { return [...]string{"any", "up", "down"}[d] }

// earlyPayloads is how many payloads of a direction are looked at.
const earlyPayloads = 16

// pattern is bytes at an offset, wanted under a mask.
type pattern struct {
	at         int
	want, mask []byte
}

func (t *pattern) holds(b []byte) bool {
	if len(b) < t.at+len(t.want) {
		return false
	}
	b = b[t.at:]
	for i, w := range t.want {
		if b[i]&t.mask[i] != w {
			return false
		}
	}
	return true
}

type portSpan struct{ lo, hi uint16 }

// matcher is a builtin: whether a payload, which fits the rule otherwise, is of
// its kind, and what it was about.
type matcher func(p *Payload, m *magicRule) (value string, ok bool)

// magicRule is one thing that payload of one service shows.
type magicRule struct {
	*origin
	place
	svc       *svc
	id        string
	over      transport
	dir       direction
	early     bool
	min, max  int // bytes on the wire
	bytes     []pattern
	builtin   string
	run       matcher
	attrs     []number
	types     []number
	realms    []string
	protos    []uint8
	ports     []portSpan
	needsAddr bool
	answered  bool
	weight    int // as written, percent
}

func (m *magicRule) key() string { return "magic " + m.id }

// fits reports whether a payload is where the rule looks.
func (m *magicRule) fits(p *Payload) bool {
	if p.Nth != 1 && !m.early || p.Len < m.min || p.Len > m.max || m.dir != dirAny && (m.dir == dirUp) != p.Up {
		return false
	}
	if len(m.ports) == 0 {
		return true
	}
	return slices.ContainsFunc(m.ports, func(s portSpan) bool { return s.lo <= p.Port && p.Port <= s.hi })
}

func (m *magicRule) holds(p *Payload) (value string, ok bool) {
	if m.run != nil {
		return m.run(p, m)
	}
	for i := range m.bytes {
		if !m.bytes[i].holds(p.Bytes) {
			return "", false
		}
	}
	return "", true
}

// weighs is what a sign of the rule is worth, percent.
func (m *magicRule) weighs(bothWays bool) int {
	w := scale(m.weight, m.sure)
	if m.answered && !bothWays {
		w /= 2
	}
	return w
}

// starts returns the first bytes a payload may have that the rule holds for; all
// is true when that is open.
func (m *magicRule) starts() (first []byte, all bool) {
	if m.run != nil {
		s, known := firstBytes[m.builtin]
		return []byte(s), !known
	}
	for _, b := range m.bytes {
		if b.at > 0 {
			continue
		}
		for c := range 256 {
			if byte(c)&b.mask[0] == b.want[0] {
				first = append(first, byte(c))
			}
		}
		return first, false
	}
	return nil, true
}

// magics are the rules for payload, by where they may hold: most payload begins
// like nothing we know and is done with after one look.
type magics struct {
	byID  map[string]*magicRule
	first [transportCount][256][]*magicRule // by the first byte
	stun  [transportCount][]*magicRule      // of STUN messages
	other []*magicRule                      // of IP protocols
}

func newMagics() *magics { return &magics{byID: map[string]*magicRule{}} }

// add enters a rule, or returns the one that has its name.
func (x *magics) add(m *magicRule) *magicRule {
	if o := x.byID[m.id]; o != nil {
		return o
	}
	x.byID[m.id] = m
	switch {
	case m.over == overIP:
		x.other = append(x.other, m)
		return nil
	case m.builtin == "stun":
		x.stun[m.over] = append(x.stun[m.over], m)
		return nil
	}
	table := &x.first[m.over]
	first, all := m.starts()
	if all {
		for c := range table {
			table[c] = append(table[c], m)
		}
		return nil
	}
	slices.Sort(first)
	for _, c := range slices.Compact(first) {
		table[c] = append(table[c], m)
	}
	return nil
}

// Recognise appends to out what a payload shows by itself: the rules that hold,
// by service. It allocates nothing but room in out.
func (r *Rules) Recognise(p *Payload, out []Sign) []Sign {
	if p.Nth > earlyPayloads || p.Nth < 1 {
		return out
	}
	over := transportOf(p.Proto)
	if over == overIP {
		return r.signs(r.magic.other, p, out)
	}
	if p.STUN != nil {
		out = r.signs(r.magic.stun[over], p, out)
	}
	if len(p.Bytes) == 0 {
		return out
	}
	return r.signs(r.magic.first[over][p.Bytes[0]], p, out)
}

func (r *Rules) signs(rules []*magicRule, p *Payload, out []Sign) []Sign {
	for _, m := range rules {
		if !m.fits(p) || m.needsAddr && !r.home(m.svc, p.Server) {
			continue
		}
		if value, ok := m.holds(p); ok {
			out = append(out, Sign{m.id, value})
		}
	}
	return out
}

// home reports whether an address is a service's own.
func (r *Rules) home(s *svc, a netip.Addr) bool {
	p := r.addrs.find(a)
	return p != nil && p.svc == s && p.role.names()
}

// way is the index of a direction in [Payload.First].
func way(up bool) int {
	if up {
		return 0
	}
	return 1
}
