package service

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// MagicInfo is one thing that payload shows.
type MagicInfo struct {
	Origin
	ID     string
	Where  string   // "udp up first": transport, direction, which payloads
	Tests  []string // what must hold, in words: "stun 0x4000", "at 0: 5741", "len 74", "at an address of its own"
	Weight int      // percent, before conf
}

// TokenInfo is a group of texts, compared whole, that a hello offers or a
// certificate names.
type TokenInfo struct {
	Origin
	Kind   string // alpn, ja4, cert_org
	Values []string
	Weight int // percent, before conf
}

func (i *Info) payload(s *svc) {
	for _, x := range s.excluded {
		i.Exclude = append(i.Exclude, x.suffix)
	}
	for _, m := range s.magic {
		i.count(m.origin)
		i.Magic = append(i.Magic, MagicInfo{Origin: m.info(), ID: m.id, Where: m.where(), Tests: m.tests(), Weight: m.weight})
	}
	var last *origin
	for _, t := range s.tokens {
		if t.origin != last {
			i.Tokens = append(i.Tokens, TokenInfo{Origin: t.info(), Kind: t.kind.String(), Weight: t.weight})
		}
		d := &i.Tokens[len(i.Tokens)-1]
		d.Values = append(d.Values, t.value)
		last = i.count(t.origin)
	}
}

func (m *magicRule) where() string {
	which := "first"
	if m.early {
		which = "early"
	}
	return m.over.String() + " " + m.dir.String() + " " + which
}

// tests says what must hold, one condition each.
func (m *magicRule) tests() (out []string) {
	for _, b := range m.bytes {
		t := fmt.Sprintf("at %d: %s", b.at, hex.EncodeToString(b.want))
		if slices.ContainsFunc(b.mask, func(c byte) bool { return c != 0xff }) {
			t += " under " + hex.EncodeToString(b.mask)
		}
		out = append(out, t)
	}
	if m.builtin != "" {
		out = append(out, strings.Join(append([]string{m.builtin}, m.wants()...), " "))
	}
	switch {
	case m.min == m.max:
		out = append(out, fmt.Sprintf("len %d", m.min))
	case m.max < maxLen:
		out = append(out, fmt.Sprintf("len %d to %d", m.min, m.max))
	case m.min > 0:
		out = append(out, fmt.Sprintf("len %d or more", m.min))
	}
	for _, p := range m.ports {
		if p.lo == p.hi {
			out = append(out, fmt.Sprintf("port %d", p.lo))
		} else {
			out = append(out, fmt.Sprintf("port %d-%d", p.lo, p.hi))
		}
	}
	if m.needsAddr {
		out = append(out, "at an address of its own")
	}
	if m.answered {
		out = append(out, "half unless answered")
	}
	return out
}

// wants lists what a rule tells its builtin.
func (m *magicRule) wants() (out []string) {
	for _, list := range [][]number{m.types, m.attrs} {
		for _, n := range list {
			out = append(out, n.text)
		}
	}
	out = append(out, m.realms...)
	for _, p := range m.protos {
		out = append(out, fmt.Sprint(p))
	}
	return out
}
