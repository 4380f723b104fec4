package service

import (
	"slices"
	"strings"
)

// maxName is the longest host name, bytes (RFC 1035 section 2.3.4, without the
// final dot).
const maxName = 253

// names finds the rules for a name. Its keys are whole names, suffixes and the
// literal tails of globs alike; a lookup tries the name and each of its parents.
type names map[string]*nameNode

type nameNode struct {
	exact, suffix *nameRule
	globs         []*nameRule
}

// nameMatch is what won for a name.
type nameMatch struct {
	rule *nameRule
	// sure is the confidence of the surest rule of the same service that
	// matched: a weak rule below a strong one says less of the function, not
	// of the service. Percent.
	sure int
}

// add enters a rule, or returns the one that is in its place.
func (n names) add(r *nameRule) *nameRule {
	key := r.name
	if r.kind == matchGlob {
		key = globTail(r.name)
	}
	node := n[key]
	if node == nil {
		node = &nameNode{}
		n[key] = node
	}
	switch r.kind {
	case matchExact:
		if node.exact != nil {
			return node.exact
		}
		node.exact = r
	case matchSuffix:
		if node.suffix != nil {
			return node.suffix
		}
		node.suffix = r
	case matchGlob:
		for _, g := range node.globs {
			if g.name == r.name {
				return g
			}
		}
		node.globs = append(node.globs, r)
	}
	return nil
}

// globTail returns the labels of a pattern after the last one with a star.
func globTail(pattern string) string {
	_, tail, _ := strings.Cut(pattern[strings.LastIndexByte(pattern, '*')+1:], ".")
	return tail
}

// fold copies a name in lower case without one trailing dot into buf. Nothing
// comes back for what is no host name: too long, an empty label, odd bytes (a
// NUL has passed for the end of a name elsewhere).
func fold(name string, buf *[maxName]byte) []byte {
	name = strings.TrimSuffix(name, ".")
	if len(name) > maxName {
		return nil
	}
	last := byte('.')
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.' && last != '.':
		default:
			return nil
		}
		buf[i], last = c, c
	}
	if last == '.' {
		return nil
	}
	return buf[:len(name)]
}

// find returns the rule that wins for a name: exact over glob over suffix, longer
// over shorter. It does not allocate.
func (n names) find(name string) (nameMatch, bool) {
	var buf [maxName]byte
	var arr [16]*nameRule
	folded := fold(name, &buf)
	all := slices.DeleteFunc(n.all(folded, arr[:0]), func(r *nameRule) bool { return r.svc.excludes(folded) })
	if len(all) == 0 {
		return nameMatch{}, false
	}
	best := all[0]
	for _, r := range all[1:] {
		if r.beats(best) {
			best = r
		}
	}
	m := nameMatch{rule: best}
	for _, r := range all {
		if r.svc == best.svc {
			m.sure = max(m.sure, r.sure)
		}
	}
	return m, true
}

func (r *nameRule) beats(o *nameRule) bool {
	return r.kind > o.kind || r.kind == o.kind && len(r.name) > len(o.name)
}

// all appends every rule that matches a folded name.
func (n names) all(name []byte, out []*nameRule) []*nameRule {
	for i := 0; i < len(name); {
		if node := n[string(name[i:])]; node != nil {
			out = node.matches(name, i, out)
		}
		dot := indexDot(name[i:])
		if dot < 0 {
			break
		}
		i += dot + 1
	}
	return out
}

// matches appends the rules of the node for name[i:].
func (node *nameNode) matches(name []byte, i int, out []*nameRule) []*nameRule {
	if node.exact != nil && i == 0 {
		out = append(out, node.exact)
	}
	for _, g := range node.globs {
		if i > 0 && globMatch(g.name[:len(g.name)-len(name)+i-1], name[:i-1]) {
			out = append(out, g)
		}
	}
	if node.suffix != nil {
		out = append(out, node.suffix)
	}
	return out
}

func indexDot(b []byte) int {
	for i, c := range b {
		if c == '.' {
			return i
		}
	}
	return -1
}

// globMatch reports whether name matches a pattern whose stars stand for any
// bytes, also none, but no dot.
func globMatch(pattern string, name []byte) bool {
	p, s := 0, 0
	star, retry := -1, 0
	for s < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, s
			p++
		case p < len(pattern) && pattern[p] == name[s]:
			p++
			s++
		case star >= 0 && name[retry] != '.':
			retry++
			p, s = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
