package answer

import "time"

// Ways of asking a resolver so that nobody in between reads the names
// ([EncryptedDNS.Over]).
const (
	OverHTTPS = "https" // RFC 8484, over HTTP/3 too
	OverTLS   = "tls"   // RFC 7858
	OverQUIC  = "quic"  // RFC 9250
)

// UnknownResolver is the id of a resolver that is not in the rules.
const UnknownResolver = "unknown"

// EncryptedDNS is a resolver that was asked where nobody in between can read:
// what was asked there, and what was answered, is not seen.
type EncryptedDNS struct {
	Resolver string    // its id in the rules: "google", or unknown
	Name     string    // what it was called on the wire, or in the rules: "dns.google"; foreign text, "" none
	Over     string    // https, tls or quic; "" not told
	Flows    int       // that went there
	First    time.Time // of the first of them
}

// Called is what to call it: its name, else its id.
func (e *EncryptedDNS) Called() string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Resolver == UnknownResolver, e.Resolver == "":
		return "an unknown resolver"
	}
	return e.Resolver
}
