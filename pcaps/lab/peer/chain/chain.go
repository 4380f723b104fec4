// Package chain is the certificates of the lab's servers: as large as those of the
// services they stand for, and nobody's.
package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// authority issues a leaf for each name. It is sent along as the intermediate that
// real chains have: RSA-2048 signs for P-256, as for Meta's names and most others.
type authority struct {
	cert    *x509.Certificate
	key     crypto.Signer
	leafKey *ecdsa.PrivateKey
	mu      sync.Mutex
	known   map[string]*tls.Certificate
}

// Bytes of extensions that nobody here reads, for the size: certificate
// transparency with two logs in a leaf (RFC 6962 section 3.3), policies in the
// authority's. otherNames are of the service, beside the one asked for.
const (
	logsLen    = 242
	policyLen  = 120
	otherNames = 24
)

var (
	logsOID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	policyOID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 44947, 1, 9}
)

// issuer is made up once in a process: RSA keys take time.
var issuer = sync.OnceValues(newAuthority)

func newAuthority() (*authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template("Lab TLS RSA SHA256 2026 CA1", policyOID, policyLen)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, leafKey: leaf, known: map[string]*tls.Certificate{}}, err
}

// template is a certificate of today with an extension of n random bytes.
func template(name string, ext asn1.ObjectIdentifier, n int) *x509.Certificate {
	blob := make([]byte, n)
	rand.Read(blob)
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(blob[:15]),
		Subject:      pkix.Name{Country: []string{"US"}, Province: []string{"California"}, Organization: []string{"Lab, Inc."}, CommonName: name},
		NotBefore:    time.Now().Add(-30 * 24 * time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		OCSPServer: []string{"http://ocsp.ca.example"}, IssuingCertificateURL: []string{"http://cacerts.ca.example/LabTLSRSASHA2562026CA1.crt"},
		CRLDistributionPoints: []string{"http://crl3.ca.example/LabTLSRSASHA2562026CA1-1.crl", "http://crl4.ca.example/LabTLSRSASHA2562026CA1-1.crl"},
		ExtraExtensions:       []pkix.Extension{{Id: ext, Value: blob}},
	}
}

// Of returns the chain for the name in a hello, which may be empty: a leaf for it and
// the certificate of its issuer, between 3 and 4 kB. It fits
// [tls.Config.GetCertificate].
func Of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a, err := issuer()
	if err != nil {
		return nil, err
	}
	return a.of(hello)
}

// Prepare makes the issuer's keys, so that the first hello does not wait for them.
func Prepare() error {
	_, err := issuer()
	return err
}

func (a *authority) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := hello.ServerName
	if known := a.known[name]; known != nil {
		return known, nil
	}
	t := template(name, logsOID, logsLen)
	if name != "" {
		t.DNSNames = []string{name}
		for i := range otherNames {
			t.DNSNames = append(t.DNSNames, fmt.Sprintf("*.edge-%02d.%s", i, name))
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, a.leafKey.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate for %q: %w", name, err)
	}
	a.known[name] = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: a.leafKey}
	return a.known[name], nil
}
