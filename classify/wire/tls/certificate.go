package tls

import (
	"crypto/x509"
	"unicode"
	"unicode/utf8"
)

// maxDNSNames bounds the names kept of one certificate; shared certificates of
// content networks carry a hundred.
const maxDNSNames = 128

// maxText bounds each string kept, bytes. RFC 5280 appendix A.1 allows 64
// characters of common name and organization; a host name has 253.
const maxText = 256

// Certificate is the leaf certificate a server shows in TLS 1.2 and older. The
// strings are foreign text and unverified claims; those that are longer than 256
// bytes, no UTF-8 or hold anything unprintable are left out.
type Certificate struct {
	Length     int  // of the leaf's DER, bytes
	Chain      int  // certificates sent, the leaf included
	Readable   bool // crypto/x509 accepted the leaf; otherwise the rest is empty
	CommonName string
	Org        string   // first subject organization
	DNSNames   []string // subjectAltName dNSName, as sent, the first 128
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
	c.CommonName = printable(cert.Subject.CommonName)
	c.Org = first(cert.Subject.Organization)
	c.IssuerName = printable(cert.Issuer.CommonName)
	c.IssuerOrg = first(cert.Issuer.Organization)
	for _, name := range cert.DNSNames {
		if len(c.DNSNames) < maxDNSNames && printable(name) != "" {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	c.SelfSigned = string(cert.RawIssuer) == string(cert.RawSubject)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return printable(list[0])
}

// printable returns s if all of it can be shown, else nothing: half a name is
// another name.
func printable(s string) string {
	if len(s) > maxText || !utf8.ValidString(s) {
		return ""
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return s
}
