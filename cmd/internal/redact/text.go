package redact

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"chokepoint/classify/finding"
)

// around is what is known of a sentence from the record it is in.
type around struct {
	swaps  []swap         // of the record, and of the run
	server netip.AddrPort // whose port stays
	client netip.AddrPort // whose port does not
}

// swap is a text and what stands for it.
type swap struct{ from, to string }

// Text replaces what a sentence says of others: addresses with their ports, MAC
// addresses, names of hosts and of addresses, community ids, and what is quoted.
// Its own words stay, and so do figures, versions, names of fields and kinds.
func (r *Redactor) Text(s string) string { return r.text(s, &around{swaps: r.all()}) }

func (r *Redactor) text(s string, c *around) string {
	for i, w := range c.swaps { // what has quotation marks in it would take others for its own
		if strings.Contains(w.from, `"`) && strings.Contains(s, w.from) {
			rest := &around{swaps: c.swaps[i+1:], server: c.server, client: c.client}
			return split(s, w, func(s string) string { return r.text(s, rest) })
		}
	}
	var b strings.Builder
	for s != "" {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			at = len(s)
		}
		b.WriteString(r.unquoted(s[:at], c))
		if s = s[at:]; s == "" {
			break
		}
		n := r.quoted(&b, s, c)
		if n == 0 {
			b.WriteByte('"')
			n = 1
		}
		s = s[n:]
	}
	return b.String()
}

// unquoted replaces what is of others in our own words.
func (r *Redactor) unquoted(s string, c *around) string {
	for i, w := range c.swaps { // they may have any form, so that no word of them would be known for a name
		if len(w.from) >= 2 && strings.Contains(s, w.from) {
			rest := &around{swaps: c.swaps[i+1:], server: c.server, client: c.client}
			return split(s, w, func(s string) string { return r.unquoted(s, rest) })
		}
	}
	if !strings.ContainsAny(s, `.:-_`) && plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := 0
		if wordAt(s[i:]) > 0 {
			n = r.word(&b, s, i, c)
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// split swaps a text wherever it stands whole, and has others look at the rest.
func split(s string, w swap, others func(string) string) string {
	var b strings.Builder
	from := 0
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], w.from)
		if i < 0 {
			break
		}
		i += at
		end := i + len(w.from)
		at = end
		if wordEnds(s[:i]) || !ending(s[end:]) {
			continue
		}
		b.WriteString(others(s[from:i]))
		b.WriteString(w.to)
		from = end
	}
	b.WriteString(others(s[from:]))
	return b.String()
}

// ending reports whether what follows a word is punctuation or a port, and not more
// of it.
func ending(s string) bool {
	rest := strings.TrimLeft(s, ".:")
	return wordAt(rest) == 0 || strings.HasPrefix(s, ":") && rest[0] >= '0' && rest[0] <= '9'
}

// wordEnds reports whether a text ends within a word.
func wordEnds(s string) bool {
	_, n := utf8.DecodeLastRuneInString(s)
	return wordAt(s[len(s)-n:]) > 0
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// wordByte reports whether a byte may be part of an address or a name.
func wordByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		return true
	}
	return c == '.' || c == ':' || c == '-' || c == '_'
}

// wordAt returns how long the character is with which a text begins, bytes, if that may
// be part of an address or a name: typographic marks are not.
func wordAt(s string) int {
	if s == "" || !wordByte(s[0]) {
		return 0
	}
	if s[0] < utf8.RuneSelf {
		return 1
	}
	c, n := utf8.DecodeRuneInString(s)
	if c != utf8.RuneError && !unicode.In(c, unicode.L, unicode.M, unicode.N) {
		return 0
	}
	return n
}

// longBefore is how far back it matters what is before a word, bytes.
const longBefore = 24

// quoted replaces a quotation and returns its length, 0 if it does not end. What
// sentences quote is foreign: a name, a reason in plain text, a title. Our own
// quotation marks are around "from", where somebody claims to be another.
func (r *Redactor) quoted(b *strings.Builder, s string, c *around) int {
	end := 1
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s) {
		return 0
	}
	inside := s[1:end]
	b.WriteByte('"')
	switch {
	case inside == "from" || strings.HasPrefix(inside, "from "):
		b.WriteString(r.unquoted(inside, c))
	case inside == "":
	case strings.ContainsAny(inside, " \\/"):
		b.WriteString(removed)
	default:
		b.WriteString(r.Name(inside))
	}
	b.WriteByte('"')
	return end + 1
}

// communityID is one of version 1 (github.com/corelight/community-id-spec).
var communityID = regexp.MustCompile(`^1:[A-Za-z0-9+/]{27}=`)

// word replaces what begins at s[i], where the one before it ended, and returns how
// much it took.
func (r *Redactor) word(b *strings.Builder, s string, i int, c *around) int {
	if id := communityID.FindString(s[i:]); id != "" {
		b.WriteString(removed)
		return len(id)
	}
	end := i
	for n := wordAt(s[i:]); n > 0; n = wordAt(s[end:]) {
		end += n
	}
	word, before := s[i:end], s[max(i-longBefore, 0):i]
	if filterTail.MatchString(before) {
		b.WriteString(r.portOf(word, c))
		return len(word)
	}
	if field(word, s[end:]) || section.MatchString(before) {
		b.WriteString(word)
		return len(word)
	}
	b.WriteString(r.token(word, c))
	if end < len(s) && s[end] == '%' && strings.Count(word, ":") >= 2 { // a zone is the name of an interface
		end++
		for end < len(s) && wordByte(s[end]) {
			end++
		}
	} else if i > 0 && s[i-1] == '[' { // [address]:port
		end += r.bracketPort(b, s[end:], word, c)
	}
	return end - i
}

// section is before a number like 3.10.7.4 that is no address.
var section = regexp.MustCompile(`RFC \d{3,5},? section $`)

var portBehind = regexp.MustCompile(`^\]:(\d{1,5})`)

func (r *Redactor) bracketPort(b *strings.Builder, s, word string, c *around) int {
	m := portBehind.FindStringSubmatch(s)
	a, ok := address(word)
	if m == nil || !ok {
		return 0
	}
	b.WriteString("]:" + r.port(a, m[1], c))
	return len(m[0])
}

// tested are the protocols whose fields display filters name.
var tested = map[string]bool{
	"frame": true, "ip": true, "ipv6": true, "tcp": true, "udp": true, "icmp": true, "icmpv6": true, "dns": true, "tls": true, "quic": true, "stun": true, "http": true,
}

// field reports whether a word is a field of a display filter, or a kind.
func field(word, behind string) bool {
	if kinds[word] {
		return true
	}
	head, _, dotted := strings.Cut(word, ".")
	return dotted && tested[head] && (strings.HasPrefix(behind, "==") || strings.HasPrefix(behind, "!="))
}

// kinds are the words of findings that look like names.
var kinds = func() map[string]bool {
	all := map[string]bool{}
	for _, k := range finding.Kinds {
		all[string(k)] = true
	}
	return all
}()

// filterTail is before the number of a port that a display filter tests.
var filterTail = regexp.MustCompile(`(tcp|udp)\.(src|dst)?port[!=]=$`)
