package talk

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/mtproto"
	noisewire "chokepoint/classify/wire/noise"
	tlswire "chokepoint/classify/wire/tls"
	"chokepoint/pcaps/lab/peer"
)

// heardOf plays one turn and returns what went each way.
func heardOf(t *testing.T, to *tapped, s Stream, turns ...Turn) (up, down []byte) {
	t.Helper()
	at := serving(t, ServerOptions{})
	c := Client{Net: to, Timeout: 5 * time.Second}
	if err := c.Open(t.Context(), to.relay(t, at), s, turns...); err != nil {
		t.Fatal(err)
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	return slices.Clone(to.up), slices.Clone(to.down)
}

var one = Turn{Ask: 200, Answer: 200}

func TestHelloIsAsLongAsItsKeyShares(t *testing.T) {
	for _, tt := range []struct {
		name        string
		s           TLS
		least, most int
		postQuantum bool
	}{
		{"today's", TLS{SNI: "web.whatsapp.com", ALPN: []string{"h2", "http/1.1"}}, 1401, 2200, true},
		{"classical", TLS{SNI: "web.whatsapp.com", ALPN: []string{"h2", "http/1.1"}, Classical: true}, 180, 699, false},
		{"TLS 1.2", TLS{SNI: "web.whatsapp.com", Version: tls.VersionTLS12}, 120, 699, false},
	} {
		up, _ := heardOf(t, &tapped{}, tt.s, one)
		var h tlswire.ClientHello
		st, n := h.Parse(up)
		if st != wire.Done || h.SNI != "web.whatsapp.com" || !slices.Equal(h.ALPN, tt.s.ALPN) || h.PostQuantum != tt.postQuantum {
			t.Errorf("%s: %v, %q, %q, %v", tt.name, st, h.SNI, h.ALPN, h.PostQuantum)
		}
		if n < tt.least || n > tt.most {
			t.Errorf("%s: hello of %d bytes", tt.name, n)
		}
		t.Logf("%s: hello of %d bytes", tt.name, n)
	}
}

// TestServersFlightIsOfRealSize counts what a client that rejects it got.
func TestServersFlightIsOfRealSize(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    TLS
	}{{"today's", TLS{SNI: "g.whatsapp.net"}}, {"classical", TLS{SNI: "g.whatsapp.net", Classical: true}}, {"TLS 1.2", TLS{SNI: "g.whatsapp.net", Version: tls.VersionTLS12}}} {
		tt.s.Distrust = true
		alerts := make(chan error, 1)
		to := serving(t, ServerOptions{Met: func(_ net.Addr, err error) { alerts <- err }})
		n := &tapped{}
		c := Client{Net: n}
		if err := c.Open(t.Context(), n.relay(t, to), tt.s, one); !errors.Is(err, errDistrust) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := <-alerts; err.Error() != "remote error: tls: bad certificate" {
			t.Errorf("%s: the server met %v", tt.name, err)
		}
		_, down := n.lengths()
		if down < 2800 || down > 5000 {
			t.Errorf("%s: server's flight of %d bytes", tt.name, down)
		}
		t.Logf("%s: server's flight of %d bytes", tt.name, down)
	}
}

func TestHTTP2IsAgreedOn(t *testing.T) {
	var negotiated string
	s := probe{TLS{SNI: "a.example", ALPN: []string{"h2", "http/1.1"}}, &negotiated}
	heardOf(t, &tapped{}, s, Turn{Ask: 5000, Answer: 5000})
	if negotiated != "h2" {
		t.Errorf("agreed on %q", negotiated)
	}
}

func TestResumedSessionsNeedNoCertificate(t *testing.T) {
	to := serving(t, ServerOptions{})
	s := TLS{SNI: "a.example", Sessions: tls.NewLRUClientSessionCache(4)}
	n := &tapped{}
	at := n.relay(t, to)
	c := Client{Net: n}
	var sizes []int
	for range 2 {
		_, before := n.lengths()
		if err := c.Open(t.Context(), at, s, one); err != nil {
			t.Fatal(err)
		}
		_, after := n.lengths()
		sizes = append(sizes, after-before)
	}
	if sizes[1] > sizes[0]-1500 {
		t.Errorf("%d bytes first, %d later", sizes[0], sizes[1])
	}
}

func TestTelegramIsRecognised(t *testing.T) {
	for _, tt := range []struct {
		s    MTProto
		want mtproto.Init
	}{
		{MTProto{DC: 2}, mtproto.Init{Transport: mtproto.TransportPadded, DC: 2}},
		{MTProto{DC: -4, Transport: Intermediate}, mtproto.Init{Transport: mtproto.TransportIntermediate, DC: 4, Media: true}},
		{MTProto{DC: 10002, Transport: Abridged}, mtproto.Init{Transport: mtproto.TransportAbridged, DC: 2, Test: true}},
	} {
		up, down := heardOf(t, &tapped{}, tt.s, Turn{Ask: 200, Answer: 100_000})
		got, st := mtproto.Obfuscated(up)
		got.Random = false // a 64-byte start may be a little out of balance
		if got != tt.want || st != wire.Done {
			t.Errorf("%+v: %+v, %v", tt.s, got, st)
		}
		if bytes.Contains(down, noise()[:64]) || bytes.Contains(up, noise()[:64]) {
			t.Errorf("%+v: sent in the clear", tt.s)
		}
	}
}

func TestWhatsAppIsRecognised(t *testing.T) {
	for _, tt := range []struct {
		s    Noise
		want noisewire.Kind
	}{{Noise{}, noisewire.HeaderFrame}, {Noise{Version: [2]byte{5, 2}}, noisewire.HeaderFrame}, {Noise{Routing: 8}, noisewire.EdgeThenHeader}} {
		up, down := heardOf(t, &tapped{}, tt.s, Turn{Ask: 200, Answer: 100_000})
		if k, st := noisewire.WhatsApp(up, len(up)); k != tt.want || st != wire.Done {
			t.Errorf("%+v: %v, %v", tt.s, k, st)
		}
		if st := noisewire.Server(down); st != wire.Done {
			t.Errorf("%+v: server %v", tt.s, st)
		}
		if bytes.Contains(down, noise()[:64]) || bytes.Contains(up, noise()[:64]) {
			t.Errorf("%+v: sent in the clear", tt.s)
		}
	}
}

func TestThePageInTheClearIsText(t *testing.T) {
	up, down := heardOf(t, &tapped{}, HTTP{Host: "example.ru", Path: "/forum"}, Turn{Ask: 200, Answer: 2000})
	if !bytes.HasPrefix(up, []byte("GET /forum HTTP/1.1\r\nHost: example.ru\r\n")) {
		t.Errorf("%q", up[:60])
	}
	if !bytes.HasPrefix(down, []byte("HTTP/1.1 200 OK\r\n")) || !bytes.Contains(down, []byte("Content-Type: text/html")) || !bytes.HasSuffix(down, text()[:2000]) {
		t.Errorf("%q", down[:200])
	}
}

// TestABlockPageIsNoAnswer puts somebody else's page in the server's place.
func TestABlockPageIsNoAnswer(t *testing.T) {
	for _, tt := range []struct{ page, want string }{
		{"HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\nContent-Length: 0\r\n\r\n", "turn 1: no answer: sent to http://block.example/ (302 Found)"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nblocked", "turn 1: no answer: another page, of 7 bytes"},
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "turn 1: no answer: status 403 Forbidden"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		work.Go(func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Read(make([]byte, 4096))
			c.Write([]byte(tt.page))
		})
		c := Client{Net: peer.Host{}}
		err = c.Open(t.Context(), l.Addr().(*net.TCPAddr).AddrPort(), HTTP{Host: "example.ru"}, one)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
		l.Close()
		work.Wait()
	}
}

func TestRefusals(t *testing.T) {
	to := serving(t, ServerOptions{Refuse: func(sni string) Refusal {
		return map[string]Refusal{"alert.example": RefuseAlert, "fin.example": RefuseFIN, "reset.example": RefuseReset, "hang.example": RefuseHang}[sni]
	}})
	for sni, want := range map[string]string{
		"alert.example": "handshake: remote error: tls: unrecognized name",
		"fin.example":   "handshake: EOF",
		"reset.example": "handshake: connection reset by peer",
		"hang.example":  "handshake: i/o timeout",
		"other.example": "",
	} {
		c := Client{Net: peer.Host{}, Timeout: 300 * time.Millisecond}
		got := ""
		if err := c.Open(t.Context(), to, TLS{SNI: sni}, one); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", sni, got, want)
		}
	}
}

func TestOnAcceptTurnsClientsAway(t *testing.T) {
	to := serving(t, ServerOptions{OnAccept: func(c *net.TCPConn) bool { reset(c); return false }})
	c := Client{Net: peer.Host{}}
	if err := c.Open(t.Context(), to, TLS{SNI: "a.example"}, one); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}

func TestASlowHandshake(t *testing.T) {
	to := serving(t, ServerOptions{HandshakeThink: 150 * time.Millisecond})
	c := Client{Net: peer.Host{}, Timeout: 50 * time.Millisecond}
	if err := c.Open(t.Context(), to, TLS{SNI: "a.example"}, one); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	c.Timeout = 5 * time.Second
	begun := time.Now()
	if err := c.Open(t.Context(), to, TLS{SNI: "a.example"}, one); err != nil || time.Since(begun) < 150*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

// probe is TLS that tells what was agreed on.
type probe struct {
	TLS
	agreed *string
}

func (p probe) open(ctx context.Context, c net.Conn) (voice, error) {
	v, err := p.TLS.open(ctx, c)
	if h, ok := v.(*h2); ok {
		*p.agreed = h.c.Conn.(*tls.Conn).ConnectionState().NegotiatedProtocol
	}
	return v, err
}
