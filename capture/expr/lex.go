package expr

import "strings"

// token is a word or a symbol of an expression. Its text is empty at the end.
type token struct {
	text string
	pos  int // byte offset in the expression
}

const blanks = " \t\r\n"

// lex splits off the first token of s from pos on. "&&", "||" and "!" become
// the words they stand for.
func lex(s string, pos int) (t token, next int) {
	for pos < len(s) && strings.IndexByte(blanks, s[pos]) >= 0 {
		pos++
	}
	rest := s[pos:]
	switch {
	case rest == "":
		return token{pos: pos}, pos
	case strings.HasPrefix(rest, "&&"):
		return token{"and", pos}, pos + 2
	case strings.HasPrefix(rest, "||"):
		return token{"or", pos}, pos + 2
	case rest[0] == '!':
		return token{"not", pos}, pos + 1
	}
	n := 0
	for n < len(rest) && isWord(rest[n]) {
		n++
	}
	n = max(n, 1) // a symbol, if it is no word
	return token{rest[:n], pos}, pos + n
}

// isWord reports whether a byte belongs to a name, number, address, prefix,
// range or escaped keyword.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(`.:/\-_`, c) >= 0
}
