package answer

import "time"

// Ways of asking a resolver so that nobody in between reads the names
// ([EncryptedDNS.Over]).
const (
	OverHTTPS = "https" // RFC 8484, over HTTP/3 too
	OverTLS   = "tls"   // RFC 7858
	OverQUIC  = "quic"  // RFC 9250
)

// EncryptedDNS is a resolver that was asked where nobody in between can read:
// what was asked there, and what was answered, is not seen.
type EncryptedDNS struct {
	Resolver string    // its id in the rules: "google"
	Name     string    // what it was called on the wire, or in the rules: "dns.google"; foreign text, "" none
	Over     string    // https, tls or quic; "" not told
	Flows    int       // that went there
	First    time.Time // of the first of them
}

// Called is its name, or its id without one.
func (e *EncryptedDNS) Called() string {
	if e.Name != "" {
		return e.Name
	}
	return e.Resolver
}
