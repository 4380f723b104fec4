package quicpeer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// chains issues certificates: a leaf for each name, by an authority that is made
// up once. Both are sent, some 3 kB as of the large services, which is what a
// server may send before it knows the client's address (RFC 9000 section 8.1: three
// times what it got).
type chains struct {
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey
	mu    sync.Mutex
	known map[string]*tls.Certificate
}

// Bytes of extensions that nobody here reads, for the size: certificate
// transparency with two logs in a leaf (RFC 6962 section 3.3), policies and an
// RSA signature's length in the authority's.
const (
	logsLen   = 242
	policyLen = 560
	otherName = 24 // names of the service beside the one asked for
)

var (
	logsOID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	policyOID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 44947, 1, 9}
)

func newChains() (*chains, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template("Lab TLS Hybrid ECC SHA256 2026 CA1", policyOID, policyLen)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	ca, err := x509.ParseCertificate(der)
	return &chains{ca: ca, key: key, known: map[string]*tls.Certificate{}}, err
}

// template is a certificate of today with an extension of n random bytes.
func template(name string, ext asn1.ObjectIdentifier, n int) *x509.Certificate {
	blob := make([]byte, n)
	rand.Read(blob)
	serial := new(big.Int).SetBytes(blob[:15])
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"US"}, Organization: []string{"Lab, Inc."}, CommonName: name},
		NotBefore: time.Now().Add(-30 * 24 * time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		OCSPServer: []string{"http://ocsp.ca.example"}, IssuingCertificateURL: []string{"http://cacerts.ca.example/LabTLSHybridECCSHA2562026CA1.crt"},
		CRLDistributionPoints: []string{"http://crl3.ca.example/LabTLSHybridECCSHA2562026CA1-1.crl", "http://crl4.ca.example/LabTLSHybridECCSHA2562026CA1-1.crl"},
		ExtraExtensions:       []pkix.Extension{{Id: ext, Value: blob}},
	}
}

// of returns the chain for a name, which may be empty.
func (c *chains) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := hello.ServerName
	if known := c.known[name]; known != nil {
		return known, nil
	}
	t := template(name, logsOID, logsLen)
	if name != "" {
		t.DNSNames = []string{name}
		for i := range otherName {
			t.DNSNames = append(t.DNSNames, fmt.Sprintf("*.edge-%02d.%s", i, name))
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, c.ca, key.Public(), c.key)
	if err != nil {
		return nil, fmt.Errorf("certificate for %q: %w", name, err)
	}
	c.known[name] = &tls.Certificate{Certificate: [][]byte{der, c.ca.Raw}, PrivateKey: key}
	return c.known[name], nil
}
