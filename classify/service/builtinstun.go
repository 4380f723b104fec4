package service

import "strings"

// matchSTUN asks whether a STUN message has any of the attributes, is any of the
// types or tells any of the realms of a rule.
func matchSTUN(p *Payload, m *magicRule) (string, bool) {
	if p.STUN == nil {
		return "", false
	}
	for _, t := range m.types {
		if p.STUN.Type == t.n {
			return t.text, true
		}
	}
	for _, a := range m.attrs {
		if p.STUN.Has(a.n) {
			return a.text, true
		}
	}
	for _, said := range [...]string{p.STUN.Realm, p.STUN.Software, p.STUN.Username} {
		for _, realm := range m.realms {
			if said != "" && mentions(said, realm) {
				return said, true
			}
		}
	}
	return "", false
}

// mentions reports whether a text contains a word or a host name, case aside. In
// host names it must be whole labels, and a host name's last label the last:
// turn.telegram.org mentions telegram and telegram.org, nottelegram.org neither,
// telegram.org.example telegram only.
func mentions(text, word string) bool {
	host := strings.Contains(word, ".")
	whole := host || strings.Contains(text, ".")
	for i := 0; i+len(word) <= len(text); i++ {
		end := i + len(word)
		if !strings.EqualFold(text[i:end], word) {
			continue
		}
		if !whole || (i == 0 || !inLabel(text[i-1])) && labelEnds(text[end:], host) {
			return true
		}
	}
	return false
}

func labelEnds(rest string, last bool) bool {
	switch {
	case rest == "":
		return true
	case inLabel(rest[0]):
		return false
	}
	return !last || rest[0] != '.' || len(rest) == 1 || !inLabel(rest[1])
}

func inLabel(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
}
