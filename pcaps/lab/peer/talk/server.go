package talk

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// ServerOptions say how a server behaves. The zero value answers everybody.
type ServerOptions struct {
	// OnAccept sees each connection first, by its addresses, and says whether it is
	// served. One that is not, is closed, if OnAccept has not done so in its own way.
	OnAccept func(*net.TCPConn) bool
	Refuse   func(sni string) Refusal // decides when it has read a hello
	// RecvBuffer and SendBuffer are SO_RCVBUF and SO_SNDBUF, bytes; 0 leaves them to
	// the kernel.
	RecvBuffer, SendBuffer int
	Congestion             string        // as [Turn.Congestion]
	HandshakeThink         time.Duration // before a ServerHello
	Idle                   time.Duration // closes when a client asked nothing so long; 0 never
	// Met is told what ended a conversation otherwise than by a good-bye or as it was
	// wanted; it is called by many goroutines.
	Met func(client net.Addr, err error)
}

type server struct {
	opt    ServerOptions
	config *tls.Config
}

// Serve answers on a listener, of whatever addresses, until ctx ends, and closes it
// and its connections.
func Serve(ctx context.Context, l net.Listener, opt ServerOptions) error {
	defer l.Close()
	s := &server{opt: opt}
	var err error
	if sock, ok := l.(syscall.Conn); ok {
		err = s.options(sock)
	}
	if err == nil {
		s.config, err = s.tls()
	}
	if err != nil {
		return fmt.Errorf("talk server: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	inside, cancel := context.WithCancel(ctx)
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("talk server: %w", err)
		}
		clients.Go(func() { s.serve(inside, c) })
	}
}

func (s *server) options(c syscall.Conn) error {
	return errors.Join(buffers(c, s.opt.RecvBuffer, s.opt.SendBuffer), congestion(c, s.opt.Congestion))
}

// serve answers one client until it goes.
func (s *server) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	tcp, ok := c.(*net.TCPConn)
	if ok && s.options(tcp) != nil { // inherited, but by who was there first
		return
	}
	if ok && s.opt.OnAccept != nil && !s.opt.OnAccept(tcp) {
		return
	}
	if err := s.conversation(ctx, c); err != nil && ctx.Err() == nil && s.opt.Met != nil {
		s.opt.Met(c.RemoteAddr(), plain(err))
	}
}

// kind is a stream by its first bytes.
type kind uint8

const (
	isMTProto kind = iota // whatever it else is not
	isTLS
	isHTTP
	isNoise
)

// sniffLen is how many bytes tell.
const sniffLen = 4

var methods = []string{"GET ", "HEAD", "POST", "PUT ", "OPTI", "DELE", "PATC", "CONN", "TRAC"}

func kindOf(b []byte) kind {
	switch {
	case b[0] == 22 && b[1] == 3: // a handshake record (RFC 8446 section 5.1)
		return isTLS
	case bytes.HasPrefix(b, []byte("WA")), bytes.HasPrefix(b, []byte("ED\x00\x01")):
		return isNoise
	case slices.Contains(methods, string(b[:sniffLen])):
		return isHTTP
	}
	return isMTProto
}

func (s *server) conversation(ctx context.Context, tcp net.Conn) error {
	if err := s.silent(tcp, s.opt.Idle); err != nil {
		return err
	}
	c := &begun{Conn: tcp, head: make([]byte, sniffLen)}
	if _, err := io.ReadFull(tcp, c.head); err != nil {
		return gone(err)
	}
	if err := s.silent(tcp, 0); err != nil {
		return err
	}
	switch kindOf(c.head) {
	case isTLS:
		return s.inTLS(ctx, c)
	case isHTTP:
		return answerHTTP(ctx, c, text(), s.opt.Idle)
	case isNoise:
		return s.framed(ctx, c, acceptNoise)
	}
	return s.framed(ctx, c, acceptMTProto)
}

// silent sets how long a client may be silent; 0 for ever.
func (s *server) silent(c net.Conn, d time.Duration) error {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	return c.SetReadDeadline(until)
}

func (s *server) framed(ctx context.Context, c net.Conn, accept func(net.Conn) (net.Conn, error)) error {
	f, err := accept(c)
	if err != nil {
		return err
	}
	return answer(ctx, f, s.opt.Idle)
}

func (s *server) inTLS(ctx context.Context, c net.Conn) error {
	tc, protocol, err := s.acceptTLS(ctx, c)
	if errors.Is(err, errRefused) {
		return nil
	}
	if err != nil {
		return err
	}
	defer tc.Close()
	switch protocol {
	case "h2":
		answerH2(ctx, tc, s.opt.Idle)
		return nil
	case "http/1.1":
		return answerHTTP(ctx, tc, noise(), s.opt.Idle)
	}
	return answer(ctx, tc, s.opt.Idle)
}
