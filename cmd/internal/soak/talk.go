package soak

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// turn is what one side says before it listens.
type turn struct {
	up    bool
	bytes []byte
}

// handshake is what a client and a server say to each other that speak TLS 1.3 (RFC
// 8446), with a question and an answer.
func handshake(name string, cert tls.Certificate) (said []turn, err error) {
	a, b := net.Pipe()
	var mu sync.Mutex
	note := func(up bool) func([]byte) {
		return func(p []byte) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, turn{up, append([]byte(nil), p...)})
		}
	}
	// One small key share: the hello is a single segment, as most still are.
	curves := []tls.CurveID{tls.X25519}
	client := tls.Client(heard{a, note(true)}, &tls.Config{
		ServerName: name, InsecureSkipVerify: true, CurvePreferences: curves, NextProtos: []string{"h2"}}) //nolint:gosec // it talks to itself
	server := tls.Server(heard{b, note(false)}, &tls.Config{
		Certificates: []tls.Certificate{cert}, CurvePreferences: curves, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true})
	served := make(chan error, 1)
	go func() { served <- answer(server) }()
	err = ask(client)
	return said, errors.Join(err, <-served, a.Close(), b.Close())
}

// question and reply are lengths that a message and its receipt may have, bytes.
const (
	question = 300
	reply    = 900
)

func ask(c *tls.Conn) error {
	if _, err := c.Write(make([]byte, question)); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, reply))
	return err
}

func answer(c *tls.Conn) error {
	if _, err := io.ReadFull(c, make([]byte, question)); err != nil {
		return err
	}
	_, err := c.Write(make([]byte, reply))
	return err
}

// heard is a connection whose writes are noted.
type heard struct {
	net.Conn
	note func([]byte)
}

// Write implements net.Conn.
func (h heard) Write(p []byte) (int, error) {
	h.note(p)
	return h.Conn.Write(p)
}

// certificate is one that nobody vouches for.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
