package talk

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"chokepoint/pcaps/lab/peer/chain"
)

// TLS is a stream in TLS. What is played in it follows from the protocol agreed on:
// "h2" is HTTP/2, "http/1.1" that, and none or another one a messenger's own, bytes
// without HTTP. The server agrees to whatever comes first in ALPN.
type TLS struct {
	SNI       string // empty is no server name
	ALPN      []string
	Classical bool // no post-quantum key share: the hello fits into one segment
	// Version is the newest that is offered, as [tls.VersionTLS12]; TLS 1.3 when 0.
	Version  uint16
	Distrust bool // rejects the server's certificate, with an alert
	// Sessions, when several connections have the same, makes the later ones resume.
	Sessions tls.ClientSessionCache
}

var errDistrust = errors.New("certificate of an authority that is not trusted")

func (t TLS) config() *tls.Config {
	c := &tls.Config{ServerName: t.SNI, NextProtos: t.ALPN, MaxVersion: t.Version, ClientSessionCache: t.Sessions,
		InsecureSkipVerify: true} // the lab's authority is nobody's
	if t.Sessions == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1) // or the server would send no tickets
	}
	if t.Classical {
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}
	if t.Distrust {
		c.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return errDistrust }
	}
	return c
}

func (t TLS) open(ctx context.Context, c net.Conn) (voice, error) {
	tc := tls.Client(c, t.config())
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	switch tc.ConnectionState().NegotiatedProtocol {
	case "h2":
		return newH2(tc, t.SNI)
	case "http/1.1":
		return &browser{speaker: speaker{tc, bufio.NewReaderSize(tc, 16<<10)}, host: t.SNI, fill: noise()}, nil
	}
	return newSpeaker(tc), nil
}

// tls returns what the server needs for all handshakes.
func (s *server) tls() (*tls.Config, error) {
	if err := chain.Prepare(); err != nil {
		return nil, err
	}
	base := &tls.Config{GetCertificate: chain.Of, MinVersion: tls.VersionTLS12}
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		ctx := hello.Context()
		if err := pause(ctx, s.opt.HandshakeThink); err != nil {
			return nil, err
		}
		if s.opt.Refuse != nil {
			if err := s.opt.Refuse(hello.ServerName).refuse(ctx, under(hello.Conn)); err != nil {
				return nil, err
			}
		}
		return &tls.Config{GetCertificate: chain.Of, MinVersion: tls.VersionTLS12, NextProtos: hello.SupportedProtos}, nil
	}
	return base, nil
}

func (s *server) acceptTLS(ctx context.Context, c net.Conn) (net.Conn, string, error) {
	tc := tls.Server(c, s.config)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, "", err
	}
	return tc, tc.ConnectionState().NegotiatedProtocol, nil
}

// Refusal is how a server treats a client whose hello it does not like.
type Refusal uint8

// The refusals.
const (
	Welcome     Refusal = iota // it does not refuse
	RefuseAlert                // alert unrecognized_name (RFC 6066 section 3), then FIN
	RefuseFIN
	RefuseReset
	RefuseHang // no answer
)

var errRefused = errors.New("talk: refused the client")

// unrecognizedName is the alert as a record: fatal, 112.
var unrecognizedName = []byte{21, 3, 3, 0, 2, 2, 112}

// refuse does it to the connection, so that nothing but that is sent.
func (r Refusal) refuse(ctx context.Context, c *net.TCPConn) error {
	var err error
	switch r {
	case Welcome:
		return nil
	case RefuseAlert:
		_, err = c.Write(unrecognizedName)
	case RefuseReset:
		err = c.SetLinger(0)
	case RefuseHang:
		<-ctx.Done()
	}
	return errors.Join(errRefused, err, c.Close())
}
