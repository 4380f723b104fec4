package tls

import "crypto/x509"

// maxDNSNames bounds the names kept of one certificate; shared certificates of
// content networks carry a hundred.
const maxDNSNames = 128

// Certificate is the leaf certificate a server shows in TLS 1.2 and older. The
// strings are foreign text and unverified claims.
type Certificate struct {
	Length     int  // of the leaf's DER, bytes
	Chain      int  // certificates sent, the leaf included
	Readable   bool // crypto/x509 accepted the leaf; otherwise the rest is empty
	CommonName string
	DNSNames   []string // subjectAltName dNSName, as sent, at most 128
	IssuerName string   // issuer common name
	IssuerOrg  string   // first issuer organization
	SelfSigned bool     // issuer and subject are the same name
}

// parse reads the message body (RFC 5246 section 7.4.2) and reports whether it
// held a certificate. Its size is bounded by MaxHello like any message.
func (c *Certificate) parse(b octets) bool {
	*c = Certificate{}
	list, ok := b.vec24()
	if !ok {
		return false
	}
	var leaf octets
	for ; len(list) > 0; c.Chain++ {
		der, ok := list.vec24()
		if !ok {
			break
		}
		if c.Chain == 0 {
			leaf = der
		}
	}
	c.Length = len(leaf)
	c.read(leaf)
	return c.Chain > 0
}

// read takes the names out of the DER. What crypto/x509 refuses names nobody.
func (c *Certificate) read(der []byte) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return
	}
	c.Readable = true
	c.CommonName = cert.Subject.CommonName
	c.DNSNames = cert.DNSNames[:min(len(cert.DNSNames), maxDNSNames)]
	c.IssuerName = cert.Issuer.CommonName
	if len(cert.Issuer.Organization) > 0 {
		c.IssuerOrg = cert.Issuer.Organization[0]
	}
	c.SelfSigned = string(cert.RawIssuer) == string(cert.RawSubject)
}
