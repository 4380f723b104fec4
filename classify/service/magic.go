package service

import (
	"bytes"
	"net/netip"
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
	costly    func([]byte) bool // what must hold before the rest is worth its price; nil: it is cheap
	answered  bool
	weight    int // as written, percent
}

func (m *magicRule) key() string { return "magic " + m.id }

// fits reports whether a payload is as long as the rule wants and at its port.
func (m *magicRule) fits(p *Payload) bool {
	if p.Len < m.min || p.Len > m.max {
		return false
	}
	for i := range m.ports {
		if m.ports[i].lo <= p.Port && p.Port <= m.ports[i].hi {
			return true
		}
	}
	return len(m.ports) == 0
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

// stage is where in a flow a payload stands; a rule is entered for each stage it
// looks at.
type stage struct {
	over  transport
	down  bool
	later bool // not the first of its direction
}

func (s stage) index() int {
	i := int(s.over) * 4
	if s.down {
		i += 2
	}
	if s.later {
		i++
	}
	return i
}

// stages are those of TCP and UDP, and all.
const (
	portStages = int(overIP) * 4
	allStages  = int(transportCount) * 4
)

// magics are the rules for payload, by where they may hold: most payload begins
// like nothing we know and is done with after one look.
type magics struct {
	byID  map[string]*magicRule
	first [portStages][256][]*magicRule // by the first byte
	whole [allStages][]*magicRule       // of STUN messages, of IP protocols
}

func newMagics() *magics { return &magics{byID: map[string]*magicRule{}} }

// add enters a rule, or returns the one that has its name.
func (x *magics) add(m *magicRule) *magicRule {
	if o := x.byID[m.id]; o != nil {
		return o
	}
	x.byID[m.id] = m
	for _, down := range [...]bool{false, true} {
		if down && m.dir == dirUp || !down && m.dir == dirDown {
			continue
		}
		x.enter(m, stage{m.over, down, false})
		if m.early {
			x.enter(m, stage{m.over, down, true})
		}
	}
	return nil
}

func (x *magics) enter(m *magicRule, s stage) {
	if m.builtin == builtinSTUN || m.over == overIP {
		x.whole[s.index()] = append(x.whole[s.index()], m)
		return
	}
	table := &x.first[s.index()]
	first, all := m.starts()
	for c := range table {
		if all || bytes.IndexByte(first, byte(c)) >= 0 {
			table[c] = append(table[c], m)
		}
	}
}

// Recognise appends to out what a payload shows by itself: the rules that hold,
// by service. It allocates nothing but room in out, unless a payload looks like
// the start of an obfuscated stream where there could be one: its key is tried.
func (r *Rules) Recognise(p *Payload, out []Sign) []Sign {
	if p.Nth > earlyPayloads || p.Nth < 1 {
		return out
	}
	over := transportOf(p.Proto)
	s := stage{over, !p.Up, p.Nth > 1}.index()
	if p.STUN != nil || over == overIP {
		out = r.signs(r.magic.whole[s], p, out)
	}
	if len(p.Bytes) == 0 || over == overIP {
		return out
	}
	return r.signs(r.magic.first[s][p.Bytes[0]], p, out)
}

// signs tries rules. Where one counts at its service's addresses only, the
// address is asked for last, as most payload does not come so far.
func (r *Rules) signs(rules []*magicRule, p *Payload, out []Sign) []Sign {
	for _, m := range rules {
		if !m.fits(p) || m.costly != nil && !(m.costly(p.Bytes) && r.counts(m, p.Server)) {
			continue
		}
		if value, ok := m.holds(p); ok && r.counts(m, p.Server) {
			out = append(out, Sign{m.id, value})
		}
	}
	return out
}

// counts reports whether a rule counts at an address.
func (r *Rules) counts(m *magicRule, a netip.Addr) bool { return !m.needsAddr || r.home(m.svc, a) }

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
