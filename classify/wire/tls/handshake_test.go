package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"
)

// tap records what is written to a connection, and writes it behind the
// writer's back: a pipe has no buffer, and both sides of a retry write at once.
type tap struct {
	net.Conn
	sent  *[]byte
	queue chan []byte
}

func newTap(c net.Conn, sent *[]byte) tap {
	q := make(chan []byte, 64)
	go func() {
		for b := range q {
			c.Write(b)
		}
		c.Close()
	}()
	return tap{c, sent, q}
}

func (c tap) Write(b []byte) (int, error) {
	*c.sent = append(*c.sent, b...)
	c.queue <- slices.Clone(b)
	return len(b), nil
}

// handshake lets crypto/tls talk to itself and returns what each side sent.
func handshake(client, server *stdtls.Config) (up, down []byte) {
	a, b := net.Pipe()
	deadline := time.Now().Add(5 * time.Second)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		conn := newTap(b, &down)
		defer close(conn.queue)
		stdtls.Server(conn, server).Handshake() // its failure is part of some tests
	}()
	conn := newTap(a, &up)
	c := stdtls.Client(conn, client)
	c.Handshake()
	c.Read(make([]byte, 1)) // drain what the server sends last
	close(conn.queue)
	<-serving
	return up, down
}

func certificate(t *testing.T, key crypto.Signer) stdtls.Certificate {
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		Subject:  pkix.Name{CommonName: "leaf.example", Organization: []string{"Example Org"}},
		DNSNames: []string{"a.example", "*.b.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func keys(t *testing.T) map[string]crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RSA": r, "ECDSA": e}
}

func TestRealHandshakes(t *testing.T) {
	for kind, key := range keys(t) {
		server := &stdtls.Config{Certificates: []stdtls.Certificate{certificate(t, key)}, NextProtos: []string{"h2"}}
		for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
			t.Run(kind+" "+stdtls.VersionName(version), func(t *testing.T) {
				client := &stdtls.Config{ServerName: "Chat.Example", MaxVersion: version, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}
				up, down := handshake(client, server)
				checkHello(t, up, version)
				checkFlight(t, down, version)
			})
		}
	}
}

func checkHello(t *testing.T, up []byte, version uint16) {
	var h ClientHello
	if st, _ := h.Parse(up); st != Done || h.SNI != "chat.example" || h.Version != version || !slices.Equal(h.ALPN, []string{"h2", "http/1.1"}) {
		t.Fatalf("client: %v, %+v", st, h)
	}
	if h.PostQuantum != (version == stdtls.VersionTLS13) {
		t.Errorf("post-quantum %v, groups %x", h.PostQuantum, h.Groups)
	}
	if h.PostQuantum && (!slices.Contains(h.KeyShareGroups, 0x11ec) || h.Length < 1200) {
		t.Errorf("key shares %x in a hello of %d bytes", h.KeyShareGroups, h.Length)
	}
	helloLaws(t, up[:min(len(up), 2000)])
}

func checkFlight(t *testing.T, down []byte, version uint16) {
	var f ServerFlight
	st, _ := f.Parse(down)
	if st != Done || f.Hello.Version != version || f.Hello.BadExts {
		t.Fatalf("server: %v, %+v", st, f)
	}
	flightLaws(t, down)
	if version == stdtls.VersionTLS13 {
		if f.CertSeen || f.Hello.ALPN != "" || f.Hello.KeyShareGroup != 0x11ec {
			t.Errorf("TLS 1.3 shows %+v", f)
		}
		return
	}
	c := f.Cert
	if f.Hello.ALPN != "h2" || !c.Readable || c.CommonName != "leaf.example" || c.Org != "Example Org" || c.IssuerOrg != "Example Org" || c.IssuerName != "leaf.example" ||
		!c.SelfSigned || c.Chain != 1 || !slices.Equal(c.DNSNames, []string{"a.example", "*.b.example"}) {
		t.Errorf("TLS 1.2 shows %+v", f)
	}
}

func TestRealRetryAndRefusal(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server := &stdtls.Config{Certificates: []stdtls.Certificate{certificate(t, key)}, CurvePreferences: []stdtls.CurveID{stdtls.CurveP384}}
	client := &stdtls.Config{ServerName: "t.me", InsecureSkipVerify: true}
	var f ServerFlight
	_, down := handshake(client, server)
	if st, _ := f.Parse(down); st != Done || !f.Retried || f.Hello.KeyShareGroup != uint16(stdtls.CurveP384) {
		t.Errorf("a server that wants P-384: %v, %+v", st, f)
	}
	client.MaxVersion, server.MinVersion = stdtls.VersionTLS12, stdtls.VersionTLS13
	_, down = handshake(client, server)
	if st, _ := f.Parse(down); st != Done || f.HelloSeen || len(f.Alerts) != 1 || f.Alerts[0].Name() != "protocol_version" {
		t.Errorf("a server that wants TLS 1.3: %v, %+v", st, f)
	}
}
