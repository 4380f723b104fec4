package im

// Lengths of Threema's handshake (nDPI threema.c; Threema cryptography
// whitepaper, "Client-Server Protocol"): client hello of an ephemeral key and 16 of
// cookie, server hello, login.
const (
	threemaHello  = 48
	threemaAnswer = 80
	threemaLogin  = 191
)

// Threema reports whether the first payloads of a TCP connection have the lengths
// of Threema's handshake; c2s and s2c are lengths on the wire in order. No byte of
// it is fixed: weak without port 5222 or an address, though no other connection
// of 1973 captures has these lengths.
func Threema(c2s, s2c []int) bool {
	return len(c2s) >= 2 && len(s2c) >= 1 &&
		c2s[0] == threemaHello && s2c[0] == threemaAnswer && c2s[1] == threemaLogin
}
