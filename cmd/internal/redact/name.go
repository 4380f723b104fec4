package redact

import (
	"encoding/base32"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// removed stands where something was that nothing can stand for.
const removed = "[removed]"

// madeUp is the top domain of names that stand for others; it never exists (RFC 2606).
const madeUp = ".invalid"

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Name replaces a host name, whatever its form: a name, with a star before it or a
// port behind it, an address, an address as a name (in-addr.arpa). What the rules
// know stays.
func (r *Redactor) Name(s string) string {
	if s == "" {
		return s
	}
	if a, ok := address(s); ok {
		return r.Addr(a).String()
	}
	if host, port, ok := hostPort(s); ok {
		if a, ok := address(host); ok {
			return netip.AddrPortFrom(r.Addr(a), port).String()
		}
		return r.Name(host) + ":" + strconv.Itoa(int(port))
	}
	if rest, ok := strings.CutPrefix(s, "*."); ok {
		return "*." + r.Name(rest)
	}
	if a, ok := fromArpa(s); ok {
		return toArpa(r.Addr(a))
	}
	if known, ok := r.keep(s); ok {
		return known
	}
	return r.coin("name", fold(s)) + madeUp
}

// coin makes up a word for a text, the same each time.
func (r *Redactor) coin(what, s string) string {
	sum := r.derive(what, []byte(s))
	return "x" + strings.ToLower(letters.EncodeToString(sum[:])[:11])
}

func fold(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

// hostPort takes a port off the end.
func hostPort(s string) (host string, port uint16, ok bool) {
	at := strings.LastIndexByte(s, ':')
	if at <= 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(s[at+1:], 10, 16)
	host = s[:at]
	bracket := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if err != nil || strings.ContainsRune(host, ':') != bracket {
		return "", 0, false
	}
	return strings.Trim(host, "[]"), uint16(n), true
}

// keep returns what is shown of a name that the rules know. Of a name under one
// that they know, what is before that may tell where the client is: a cache inside
// its access network, an address.
func (r *Redactor) keep(s string) (string, bool) {
	owner, own := r.ours.OwnerOfName(s)
	if owner == "" {
		_, resolver := r.ours.ResolverHost(s)
		return s, resolver || r.ours.MustExist(s) || r.ours.ECHProvider(s) != ""
	}
	known := r.part(s)
	head := strings.TrimSuffix(s[:max(len(s)-len(known), 0)], ".")
	if head == "" || own && !telling(head) {
		return s, true
	}
	return r.coin("name", fold(head)) + "." + known, true
}

// part returns the part of a name that a rule spells out.
func (r *Redactor) part(s string) string {
	best := 0
	for _, hit := range r.ours.Match(fold(s)) {
		kind, rule, _ := strings.Cut(hit.Rule, " ")
		switch kind {
		case "exact":
			return s
		case "suffix":
			best = max(best, len(rule))
		case "glob":
			_, tail, _ := strings.Cut(rule[strings.LastIndexByte(rule, '*')+1:], ".")
			best = max(best, len(tail))
		}
	}
	s = strings.TrimSuffix(s, ".")
	return s[max(len(s)-best, 0):]
}

// longLabel is from where a label with digits in it is more likely one client's own
// than a host's: an id of a session, a hash.
const longLabel = 20

// telling reports whether labels may hold an address or an id.
func telling(head string) bool {
	digits := 0 // groups of digits in a row
	for _, word := range strings.FieldsFunc(head, func(c rune) bool { return strings.ContainsRune(".-_", c) }) {
		if strings.Trim(word, "0123456789") == "" {
			digits++
		} else {
			digits = 0
		}
		raw, err := hex.DecodeString(word)
		if digits >= 4 || err == nil && len(raw) >= 4 || len(word) >= longLabel && strings.ContainsAny(word, "0123456789") {
			return true
		}
	}
	return false
}

// Names of addresses (RFC 1035 section 3.5, RFC 3596 section 2.5).
const (
	arpa4 = ".in-addr.arpa"
	arpa6 = ".ip6.arpa"
)

// fromArpa reads the address that a name stands for.
func fromArpa(s string) (netip.Addr, bool) {
	s = fold(s)
	if rest, ok := strings.CutSuffix(s, arpa4); ok {
		labels := strings.Split(rest, ".")
		if len(labels) != 4 {
			return netip.Addr{}, false
		}
		return address(strings.Join([]string{labels[3], labels[2], labels[1], labels[0]}, "."))
	}
	rest, ok := strings.CutSuffix(s, arpa6)
	if !ok || len(rest) != 63 {
		return netip.Addr{}, false
	}
	var digits [32]byte
	for i := range digits {
		digits[31-i] = rest[2*i]
		if i < 31 && rest[2*i+1] != '.' {
			return netip.Addr{}, false
		}
	}
	raw, err := hex.DecodeString(string(digits[:]))
	if err != nil {
		return netip.Addr{}, false
	}
	a, ok := netip.AddrFromSlice(raw)
	return a, ok
}

func toArpa(a netip.Addr) string {
	raw := a.AsSlice()
	var b strings.Builder
	for i := len(raw) - 1; i >= 0; i-- {
		if a.Is4() {
			b.WriteString(strconv.Itoa(int(raw[i])) + ".")
			continue
		}
		digits := hex.EncodeToString(raw[i : i+1])
		b.WriteString(digits[1:] + "." + digits[:1] + ".")
	}
	if a.Is4() {
		return b.String()[:b.Len()-1] + arpa4
	}
	return b.String()[:b.Len()-1] + arpa6
}
