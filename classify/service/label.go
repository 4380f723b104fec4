package service

import "net/netip"

// Why is one piece of evidence for a label.
type Why struct {
	By     string `json:"by"`     // sni, http_host, tls_cert, dns, dns_query, magic, alpn, ja4, arranged, prefix, port, mine
	Value  string `json:"value"`  // what matched; foreign text
	Weight int    `json:"weight"` // 0..100
}

// Label names what a flow belongs to.
type Label struct {
	Service    string  // id of a service, "" unknown
	Family     string  // owner (family, else service), also where the service is not known
	Function   string  // chat, media, call, registration, web, ...; "any" when the rule does not say, "" unknown
	Place      string  // which of a service's places the server is, such as a data centre: "dc2"; "" unknown
	Confidence float64 // 0..1; of the service, or of the family where only that is known
	Why        []Why
	Mismatch   bool // the name's owner does not own the address (precedence 3): decoy, proxy or hijack
}

// Evidence is what a flow offers for naming it. Absent parts are zero.
type Evidence struct {
	SNI       string
	Host      string   // HTTP/1
	CertNames []string // TLS 1.2 server certificate
	DNS       []string // names the same client asked for and got Server for, newest first
	DNSShared bool     // several services bound that address
	QName     string   // a DNS flow: the name asked for
	Signs     []Sign   // what the payload showed
	BothWays  bool     // payload went both ways
	ALPN      []string // offered
	JA4       string
	CertOrgs  []string   // organisations that a TLS 1.2 certificate names: of its subject and its issuer
	Arranged  []Arranged // what other flows say of this one, the strongest first
	Place     string     // as the protocol said it: "dc4"
	Media     bool       // the protocol said that the connection is for media
	Server    netip.Addr
	Port      uint16
	Proto     uint8 // IP protocol
}
