package quicpeer

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/tls"
	"chokepoint/pcaps/lab/peer"
)

// tapped is the host's network with a record of the datagrams of its clients.
type tapped struct {
	peer.Host
	mu       sync.Mutex
	up, down []datagram
}

type datagram struct {
	data []byte
	from string
}

func (t *tapped) ListenPacket(network string, at netip.AddrPort) (net.PacketConn, error) {
	pc, err := t.Host.ListenPacket(network, at)
	return &tap{pc, t}, err
}

type tap struct {
	net.PacketConn
	to *tapped
}

func (c *tap) WriteTo(b []byte, to net.Addr) (int, error) {
	c.to.mu.Lock()
	c.to.up = append(c.to.up, datagram{data: append([]byte(nil), b...)})
	c.to.mu.Unlock()
	return c.PacketConn.WriteTo(b, to)
}

func (c *tap) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		c.to.mu.Lock()
		c.to.down = append(c.to.down, datagram{append([]byte(nil), b[:n]...), from.String()})
		c.to.mu.Unlock()
	}
	return n, from, err
}

// serving runs a server on all addresses of the host until the test ends, and
// returns its port.
func serving(t *testing.T, opt ServerOptions) uint16 {
	t.Helper()
	pc, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, pc, opt) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return uint16(pc.LocalAddr().(*net.UDPAddr).Port)
}

func at(addr string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(addr), port)
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheParserReadsTheHelloAndTheAskedAddressAnswers(t *testing.T) {
	port := serving(t, ServerOptions{})
	for _, addr := range []string{"127.0.0.2", "127.0.0.3"} {
		n := &tapped{}
		err := Open(t.Context(), n, at(addr, port), Options{SNI: "web.whatsapp.com", NoMTUDiscovery: true},
			Turn{Ask: 500, Answer: 300_000}, Turn{Wait: time.Millisecond, Ask: 2000, Think: time.Millisecond, Answer: 10})
		if err != nil {
			t.Fatal(err)
		}
		var c quic.Client
		status, used := wire.NeedMore, 0
		for ; status == wire.NeedMore && used < len(n.up); used++ {
			status = c.Add(n.up[used].data)
		}
		var h tls.ClientHello
		if s, _ := h.ParseMessage(c.Hello()); s != wire.Done || h.SNI != "web.whatsapp.com" {
			t.Fatalf("%s: hello %v %v, name %q", addr, status, s, h.SNI)
		}
		if used < 2 || !c.Opens(n.down[0].data) {
			t.Errorf("%s: hello in %d datagrams, %d answers", addr, used, len(n.down))
		}
		total := 0
		for _, d := range n.down {
			total += len(d.data)
			if d.from != at(addr, port).String() {
				t.Fatalf("asked %s, answered by %s", addr, d.from)
			}
		}
		if total < 300_000 || total > 340_000 {
			t.Errorf("%s: %d bytes came for 300 kB", addr, total)
		}
	}
}

// TestTheServersFlightIsOfRealSize counts what comes before anything was asked.
func TestTheServersFlightIsOfRealSize(t *testing.T) {
	n, port := &tapped{}, serving(t, ServerOptions{})
	if err := Open(t.Context(), n, at("127.0.0.1", port), Options{SNI: "g.whatsapp.net", Classic: true, NoMTUDiscovery: true}); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, d := range n.down {
		total += len(d.data)
	}
	if total < 2800 || total > 6000 {
		t.Errorf("handshake of %d bytes", total)
	}
}

func TestPaceHolds(t *testing.T) {
	port := serving(t, ServerOptions{ALPN: []string{"hq-interop"}})
	begun := time.Now()
	if err := Open(t.Context(), peer.Host{}, at("127.0.0.1", port), Options{SNI: "a.example", ALPN: []string{"hq-interop"}},
		Turn{Ask: 100, Answer: 40_000, Pace: 100_000}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < 300*time.Millisecond {
		t.Errorf("40 kB at 100 kB/s took %v", d)
	}
}

func TestRetryAsksTwice(t *testing.T) {
	n, port := &tapped{}, serving(t, ServerOptions{Retry: true})
	if err := Open(t.Context(), n, at("127.0.0.1", port), Options{SNI: "a.example"}, Turn{Answer: 1}); err != nil {
		t.Fatal(err)
	}
	const longRetry = 0xf0 // RFC 9000 section 17.2.5
	if first := n.down[0].data[0]; first&longRetry != longRetry {
		t.Errorf("first answer begins with %#x", first)
	}
}

func TestSilenceEndsWithAnErrorAndCancelAtOnce(t *testing.T) {
	silent, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	to := silent.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := Open(t.Context(), peer.Host{}, to, Options{SNI: "a.example", Timeout: 100 * time.Millisecond}); err == nil {
		t.Error("a handshake with nobody")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := Open(ctx, peer.Host{}, to, Options{SNI: "a.example", Timeout: time.Minute}); err == nil || time.Since(begun) > time.Second {
		t.Errorf("cancelled: %v after %v", err, time.Since(begun))
	}
}

// TestTheEndOfTheServerEndsItsClients cancels in the middle of a slow answer.
func TestTheEndOfTheServerEndsItsClients(t *testing.T) {
	pc, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var server sync.WaitGroup
	server.Go(func() { Serve(ctx, pc, ServerOptions{}) })
	time.AfterFunc(100*time.Millisecond, cancel)
	begun := time.Now()
	err = Open(t.Context(), peer.Host{}, pc.LocalAddr().(*net.UDPAddr).AddrPort(), Options{SNI: "a.example"}, Turn{Answer: 1 << 20, Pace: 1000})
	server.Wait()
	if err == nil || time.Since(begun) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}
