package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// address reads an address, IPv4 also with zeros before its numbers.
func address(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, true
	}
	labels := strings.Split(s, ".")
	if len(labels) != 4 {
		return netip.Addr{}, false
	}
	var raw [4]byte
	for i, l := range labels {
		n, err := strconv.ParseUint(l, 10, 8)
		if err != nil || len(l) > 3 {
			return netip.Addr{}, false
		}
		raw[i] = byte(n)
	}
	return netip.AddrFrom4(raw), true
}

var (
	macs = regexp.MustCompile(`(?i)^([0-9a-f]{2}([:-][0-9a-f]{2}){5,7}|([0-9a-f]{4}\.){2,3}[0-9a-f]{4})$`)
	// quads are four numbers in a row, as an address is written.
	quads = regexp.MustCompile(`\d+(\.\d+){3}`)
	// joined is an address, or one of hardware, as names have it in them.
	joined = regexp.MustCompile(`(?i)\d+(-\d+){3}|\d+(_\d+){3}|[0-9a-f]{2}([:-][0-9a-f]{2}){5}|([0-9a-f]{4}\.){2}[0-9a-f]{4}`)
	// colons are what may be an address of IPv6.
	colons = regexp.MustCompile(`[0-9a-fA-F.]*:[0-9a-fA-F.:]*:[0-9a-fA-F.:]*`)
	clocks = regexp.MustCompile(`^\d{1,2}:\d\d:\d\d(\.\d+)?$`)
	// exts are what names of files end in.
	exts = regexp.MustCompile(`(?i)\.(pcap|pcapng|gz|zst|csv|json|jsonl|yaml|conf|html)$`)
)

// token replaces a word without separators if it is of others.
func (r *Redactor) token(word string, c *around) string {
	if out, ok := r.whole(word, c); ok {
		return out
	}
	bare := strings.TrimRight(word, ".:-")
	if out, ok := r.whole(bare, c); ok {
		return out + word[len(bare):]
	}
	if out, ok := r.inside(word, c); ok {
		return out
	}
	return word
}

// whole replaces a word that is one thing.
func (r *Redactor) whole(word string, c *around) (string, bool) {
	if a, ok := address(word); ok {
		return r.Addr(a).String(), true
	}
	switch {
	case macs.MatchString(word):
		return removed, true
	case clocks.MatchString(word):
		return word, true
	}
	host, port, ok := hostPort(word)
	if ok {
		if a, ok := address(host); ok {
			return r.Addr(a).String() + ":" + r.port(a, strconv.Itoa(int(port)), c), true
		}
		if hostLike(host) {
			return r.Name(host) + ":" + strconv.Itoa(int(port)), true
		}
	}
	if hostLike(word) || foreign(word) {
		return r.Name(word), true
	}
	return "", false
}

// inside replaces addresses that are a part of a word. Where it does not show where
// one begins or ends, the word goes.
func (r *Redactor) inside(word string, c *around) (string, bool) {
	switch {
	case joined.MatchString(word):
		return removed, true
	case !holds(word):
		return "", false
	}
	var b strings.Builder
	for rest := word; rest != ""; {
		n := strings.IndexAny(rest, "-_")
		if n < 0 {
			n = len(rest)
		}
		out, ok := r.whole(rest[:n], c)
		switch {
		case ok:
		case holds(rest[:n]):
			return removed, true
		default:
			out = rest[:n]
		}
		b.WriteString(out)
		rest = rest[n:]
		if rest != "" {
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return b.String(), true
}

// holds reports whether an address may be somewhere in a word.
func holds(word string) bool {
	if quads.MatchString(word) {
		return true
	}
	for _, run := range colons.FindAllString(word, -1) {
		if !clocks.MatchString(strings.TrimRight(run, ".:")) {
			return true
		}
	}
	return false
}

// hostLike reports whether a word is written as a host's name with a domain. No top
// domain begins with a digit (RFC 3696 section 2) or is called as files of captures
// are; where the last label is a number, a word behind the first dot tells a name from
// a version.
func hostLike(word string) bool {
	labels := strings.Split(word, ".")
	if len(labels) < 2 || len(word) > 253 || exts.MatchString(word) {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Contains(l, ":") {
			return false
		}
	}
	top := labels[len(labels)-1]
	if first, _ := utf8.DecodeRuneInString(top); unicode.IsLetter(first) {
		return utf8.RuneCountInString(top) >= 2
	}
	return strings.Trim(top, "0123456789") == "" && slices.ContainsFunc(labels[1:], wordy)
}

// wordy reports whether a label has a word in it.
func wordy(label string) bool {
	return strings.IndexFunc(label, unicode.IsLetter) == 0 && utf8.RuneCountInString(strings.TrimFunc(label, unicode.IsDigit)) >= 3
}

// foreign reports whether a word has letters that our own sentences do not: they
// are in English, with µ for micro.
func foreign(word string) bool {
	return strings.IndexFunc(word, func(c rune) bool {
		return c >= utf8.RuneSelf && c != 'µ' && c != 'μ' && (unicode.IsLetter(c) || c == utf8.RuneError)
	}) >= 0
}

// port renumbers the port behind an address unless it is a server's.
func (r *Redactor) port(a netip.Addr, port string, c *around) string {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return removed
	}
	at := netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(n))
	switch {
	case at == c.client:
	case at == c.server, n < lowPorts, r.stays(at.Addr()):
		return port
	}
	return strconv.Itoa(int(r.Port(uint16(n))))
}

// portOf renumbers a port in a display filter, where no address is beside it.
func (r *Redactor) portOf(port string, c *around) string {
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		return r.token(port, c)
	case uint16(n) == c.client.Port() && c.client.IsValid():
	case n < lowPorts, uint16(n) == c.server.Port() && c.server.IsValid():
		return port
	}
	return strconv.Itoa(int(r.Port(uint16(n))))
}
