package service

import (
	"slices"
	"strings"
)

// tokenKind is what kind of text is compared whole.
type tokenKind uint8

const (
	tokenALPN tokenKind = iota
	tokenJA4
	tokenOrg
)

// String returns the kind as Why.By and [Hit.Rule] have it.
func (k tokenKind) String() string { return [...]string{"alpn", "ja4", "cert_org"}[k] }

// tokenRule is one text of one service that a hello or a certificate shows.
type tokenRule struct {
	*origin
	place
	svc    *svc
	kind   tokenKind
	value  string
	weight int // as written, percent
}

func (t *tokenRule) key() string { return t.kind.String() + " " + t.value }

func (t *tokenRule) why() Why { return Why{t.kind.String(), t.value, scale(t.weight, t.sure)} }

// token is what a text is looked up by.
type token struct {
	kind  tokenKind
	value string
}

// tokens finds the rules for a text; several services may say the same of one.
type tokens map[token][]*tokenRule

func (x tokens) add(t *tokenRule) {
	k := token{t.kind, t.value}
	x[k] = append(x[k], t)
}

// Offered reports whether the protocols a hello offers, joined by a zero byte, or
// its fingerprint may name a service by themselves.
func (r *Rules) Offered(protocols, ja4 string) bool {
	for p := range strings.SplitSeq(protocols, "\x00") {
		if r.tokens.name(token{tokenALPN, p}) {
			return true
		}
	}
	return r.tokens.name(token{tokenJA4, ja4})
}

// name reports whether a text is enough to name a service.
func (x tokens) name(k token) bool {
	for _, t := range x[k] {
		if float64(scale(t.weight, t.sure))/100 >= possible {
			return true
		}
	}
	return false
}

// exclusion is names that are not one service's.
type exclusion struct {
	place
	suffix string
}

func (x *exclusion) key() string { return "exclude " + x.suffix }

// covers reports whether a folded name is one of them.
func (x *exclusion) covers(name []byte) bool {
	n := len(name) - len(x.suffix)
	return n >= 0 && string(name[n:]) == x.suffix && (n == 0 || name[n-1] == '.')
}

// excludes reports whether a folded name says that a flow is not the service's.
func (s *svc) excludes(name []byte) bool {
	return slices.ContainsFunc(s.excluded, func(x *exclusion) bool { return x.covers(name) })
}
