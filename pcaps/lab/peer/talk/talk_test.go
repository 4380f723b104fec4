package talk

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chokepoint/pcaps/lab/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serving starts a server that the test's end stops.
func serving(t *testing.T, opt ServerOptions) netip.AddrPort {
	t.Helper()
	l, err := peer.Host{}.Listen("tcp", netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var server sync.WaitGroup
	server.Go(func() {
		if err := Serve(ctx, l, opt); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); server.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// tapped is the loopback, with the bytes of all connections written down.
type tapped struct {
	peer.Host
	mu       sync.Mutex
	up, down []byte
}

// relay passes a connection's bytes on and keeps them: the client needs a socket,
// so what is read is taken between two.
func (n *tapped) relay(t *testing.T, to netip.AddrPort) netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to.String())
			if err != nil {
				c.Close()
				return
			}
			work.Go(func() { n.pass(s, c, &n.up) })
			work.Go(func() { n.pass(c, s, &n.down) })
		}
	})
	t.Cleanup(func() { l.Close(); work.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func (n *tapped) pass(dst, src net.Conn, keep *[]byte) {
	defer src.Close()
	b := make([]byte, 64<<10)
	for {
		k, err := src.Read(b)
		n.mu.Lock()
		*keep = append(*keep, b[:k]...)
		n.mu.Unlock()
		if err != nil {
			dst.(*net.TCPConn).CloseWrite()
			return
		}
		if _, err := dst.Write(b[:k]); err != nil {
			return
		}
	}
}

// lengths returns how many bytes went each way so far.
func (n *tapped) lengths() (up, down int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.up), len(n.down)
}

var streams = map[string]Stream{
	"tls":           TLS{SNI: "api.oneme.ru"},
	"tls 1.2":       TLS{SNI: "chat.signal.org", Version: 0x303},
	"tls classical": TLS{SNI: "chat.signal.org", Classical: true},
	"http/1.1":      TLS{SNI: "web.whatsapp.com", ALPN: []string{"http/1.1"}},
	"h2":            TLS{SNI: "web.whatsapp.com", ALPN: []string{"h2", "http/1.1"}},
	"clear":         HTTP{Host: "example.ru", Path: "/a"},
	"mtproto":       MTProto{},
	"intermediate":  MTProto{Transport: Intermediate, DC: 2},
	"abridged":      MTProto{Transport: Abridged, DC: -4},
	"noise":         Noise{},
	"noise edge":    Noise{Routing: 8},
}

func TestStreamsCarryTheirTurns(t *testing.T) {
	to := serving(t, ServerOptions{Met: func(_ net.Addr, err error) { t.Error(err) }})
	for name, s := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &tapped{}
			c := Client{Net: n, Timeout: 30 * time.Second}
			turns := []Turn{{}, {Ask: 100, Answer: 300_000}, {Wait: time.Millisecond, Ask: 1 << 20, Think: time.Millisecond, Answer: 100},
				{Ask: 3000, AskPace: Pace{1000, time.Millisecond}, Answer: 20_000, Pace: Pace{7000, 2 * time.Millisecond}}}
			if err := c.Open(t.Context(), n.relay(t, to), s, turns...); err != nil {
				t.Fatal(err)
			}
			// Beside the content there are handshakes, heads of requests, records,
			// frames, and what HTTP/2 says of its windows.
			up, down := n.lengths()
			if asked := 100 + 1<<20 + 3000; up < asked || up > asked*101/100+6000 {
				t.Errorf("%d bytes up for %d", up, asked)
			}
			if got := 320_100; down < got || down > got*101/100+20_000 {
				t.Errorf("%d bytes down for %d", down, got)
			}
		})
	}
}

func TestEndsAreMetAsSuch(t *testing.T) {
	to := serving(t, ServerOptions{})
	for name, s := range streams {
		for _, tt := range []struct {
			end  End
			want error
		}{{Close, nil}, {Abort, syscall.ECONNRESET}, {Linger, syscall.ECONNRESET}} {
			c := Client{Net: peer.Host{}, Timeout: 5 * time.Second}
			err := c.Open(t.Context(), to, s, Turn{Ask: 100, Answer: 40_000, End: tt.end})
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), "end: ") {
				t.Errorf("%s: end %d: %v", name, tt.end, err)
			}
		}
	}
}

func TestAnUploadIsAborted(t *testing.T) {
	to := serving(t, ServerOptions{RecvBuffer: 64 << 10})
	for name, s := range streams {
		c := Client{Net: peer.Host{}, Timeout: 5 * time.Second}
		if err := c.Open(t.Context(), to, s, Turn{Ask: 4 << 20, End: Abort}); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAServerThatHangsEndsWithATimeout(t *testing.T) {
	to := serving(t, ServerOptions{})
	for name, s := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Client{Net: peer.Host{}, Timeout: 300 * time.Millisecond}
			err := c.Open(t.Context(), to, s, Turn{Ask: 100, Answer: 1000, End: Hang}, Turn{Ask: 100, Answer: 1000})
			if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "turn 2: ") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAWaitingClientNoticesTheEnd(t *testing.T) {
	to := serving(t, ServerOptions{})
	for name, s := range streams {
		c := Client{Net: peer.Host{}}
		err := c.Open(t.Context(), to, s, Turn{Ask: 100, Answer: 10, End: Linger}, Turn{Wait: time.Minute, Ask: 1})
		if !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(err.Error(), "before turn 2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectionsThatFail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := l.Addr().(*net.TCPAddr).AddrPort()
	c := Client{Net: peer.Host{}, Timeout: 100 * time.Millisecond}
	err = c.Open(t.Context(), silent, TLS{SNI: "a.example"})
	if !errors.Is(err, os.ErrDeadlineExceeded) || err.Error() != "handshake: i/o timeout" {
		t.Errorf("nobody speaks: %v", err)
	}
	l.Close()
	err = c.Open(t.Context(), silent, TLS{SNI: "a.example"})
	if !errors.Is(err, syscall.ECONNREFUSED) || err.Error() != "connect: connection refused" {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestEndOfContextEndsAll(t *testing.T) {
	for name, s := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := serving(t, ServerOptions{})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			var work sync.WaitGroup
			for _, turns := range [][]Turn{
				{{Wait: time.Minute, Ask: 1}},
				{{Ask: 1, Think: time.Minute, Answer: 1}},
				{{Ask: 1, Answer: 1 << 20, Pace: Pace{1000, time.Second}}},
				{{Ask: 1 << 20, AskPace: Pace{1000, time.Second}}},
				{{Ask: 1, Answer: 1, End: Hang}, {Ask: 1, Answer: 1}},
			} {
				work.Go(func() {
					c := Client{Net: peer.Host{}, Timeout: time.Minute}
					if err := c.Open(ctx, to, s, turns...); !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
				})
			}
			begun := time.Now()
			if work.Wait(); time.Since(begun) > 10*time.Second {
				t.Errorf("took %v", time.Since(begun))
			}
		})
	}
}

// TestFiftyAtOnce has them all at once at one server.
func TestFiftyAtOnce(t *testing.T) {
	to := serving(t, ServerOptions{})
	var work sync.WaitGroup
	names := slices.Sorted(maps.Keys(streams))
	for i := range 50 {
		work.Go(func() {
			c := Client{Net: peer.Host{}}
			turns := append(Chat(5, time.Millisecond), Page()...)
			if err := c.Open(t.Context(), to, streams[names[i%len(names)]], turns...); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
}

// TestPlayAndAnswerOnABareConnection has no stream around the turns.
func TestPlayAndAnswerOnABareConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var server sync.WaitGroup
	server.Go(func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		if err := Answer(t.Context(), c); err != nil {
			t.Error(err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("left open: %v", err)
		}
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := Play(t.Context(), c, Turn{Ask: 5, Answer: 100}, Turn{Ask: 100_000, Answer: 100_000, End: Close}); err != nil {
		t.Error(err)
	}
	server.Wait()
}
