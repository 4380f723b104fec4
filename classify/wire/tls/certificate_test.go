package tls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificateOf signs a certificate for subject with the name of issuer.
func certificateOf(t *testing.T, subject, issuer pkix.Name, names ...string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(2e9, 0), Subject: subject, DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, leaf, &x509.Certificate{Subject: issuer}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificateNames(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	tests := []struct {
		name            string
		subject, issuer pkix.Name
		dns             []string
		want            Certificate
	}{
		{"subject and issuer are told apart", pkix.Name{CommonName: "*.example.org", Organization: []string{"Пример"}},
			pkix.Name{CommonName: "Example CA 1", Organization: []string{"Example Trust"}}, []string{"example.org"},
			Certificate{CommonName: "*.example.org", Org: "Пример", IssuerName: "Example CA 1", IssuerOrg: "Example Trust", DNSNames: []string{"example.org"}}},
		{"what cannot be shown is left out", pkix.Name{CommonName: "a\x1b[2Jb", Organization: []string{"tab\tbed"}},
			pkix.Name{CommonName: "left\u202eright", Organization: []string{"fine"}}, []string{"a\x07.example", "b.example"},
			Certificate{IssuerOrg: "fine", DNSNames: []string{"b.example"}}},
		{"what is too long is left out, not cut", pkix.Name{CommonName: long, Organization: []string{long}},
			pkix.Name{CommonName: long[1:], Organization: []string{long}}, []string{long, "c.example"},
			Certificate{IssuerName: long[1:], DNSNames: []string{"c.example"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Certificate
			if !c.parse(vec24(vec24(certificateOf(t, tt.subject, tt.issuer, tt.dns...)))) || !c.Readable || c.SelfSigned || c.Chain != 1 {
				t.Fatalf("%+v", c)
			}
			if c.CommonName != tt.want.CommonName || c.Org != tt.want.Org || c.IssuerName != tt.want.IssuerName || c.IssuerOrg != tt.want.IssuerOrg || !slices.Equal(c.DNSNames, tt.want.DNSNames) {
				t.Errorf("%+v", c)
			}
		})
	}
}
