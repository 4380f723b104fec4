package call

import (
	"context"
	"flag"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
	"chokepoint/pcaps/lab/peer"
)

// TestMain lets all tests wait at the same time: that is most of what they do.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "32")
	goleak.VerifyTestMain(m)
}

// wiretap is the host's network with a record of what its clients send and get.
type wiretap struct {
	peer.Host
	mu       sync.Mutex
	up, down []datagram
}

type datagram struct {
	data []byte
	from netip.AddrPort // of those that came to an unconnected socket
	at   time.Time
}

func (w *wiretap) note(to *[]datagram, b []byte, from netip.AddrPort) {
	w.mu.Lock()
	*to = append(*to, datagram{append([]byte(nil), b...), from, time.Now()})
	w.mu.Unlock()
}

// taken returns what was recorded so far: pion may have something to say yet.
func (w *wiretap) taken() (up, down []datagram) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.up), slices.Clone(w.down)
}

// counted is what our parsers make of both directions.
func (w *wiretap) counted() (up, down *census) {
	u, d := w.taken()
	return count(u), count(d)
}

func (w *wiretap) Dial(ctx context.Context, network string, from, to netip.AddrPort) (net.Conn, error) {
	c, err := w.Host.Dial(ctx, network, from, to)
	return &tappedConn{c, w}, err
}

func (w *wiretap) ListenPacket(network string, at netip.AddrPort) (net.PacketConn, error) {
	pc, err := w.Host.ListenPacket(network, at)
	return &tappedPackets{pc, w}, err
}

type tappedConn struct {
	net.Conn
	w *wiretap
}

func (c *tappedConn) Write(b []byte) (int, error) {
	c.w.note(&c.w.up, b, netip.AddrPort{})
	return c.Conn.Write(b)
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil {
		c.w.note(&c.w.down, b[:n], netip.AddrPort{})
	}
	return n, err
}

type tappedPackets struct {
	net.PacketConn
	w *wiretap
}

func (c *tappedPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	c.w.note(&c.w.up, b, netip.AddrPort{})
	return c.PacketConn.WriteTo(b, to)
}

func (c *tappedPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		a := from.(*net.UDPAddr).AddrPort()
		c.w.note(&c.w.down, b[:n], netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	return n, from, err
}

// serving runs a server on all addresses of the host until the test ends, and
// returns one of them.
func serving(t *testing.T) netip.AddrPort {
	t.Helper()
	pc, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Server{Realm: "telegram.org", Software: "lab"}.Serve(ctx, pc) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), uint16(pc.LocalAddr().(*net.UDPAddr).Port))
}

// census is what our parsers make of a direction of a call.
type census struct {
	stun, whatsApp, channels, rtcp, hellos, reflected, other int
	media                                                    map[uint8]int // RTP packets by payload type
	bytes                                                    int           // of those
	realm                                                    string
	proven                                                   bool
}

func count(ds []datagram) *census {
	c := &census{media: map[uint8]int{}}
	var s rtp.Stream
	for _, d := range ds {
		c.add(&s, d.data, d.at, ds[0].data)
	}
	c.proven = s.Sure()
	return c
}

func (c *census) add(s *rtp.Stream, b []byte, at time.Time, first []byte) {
	var m stun.Message
	var h rtp.Header
	var r rtp.RTCP
	switch _, inner, channel := stun.ChannelData(b); {
	case m.Parse(b, len(b)) == wire.Done:
		c.stun++
		if m.Fingerprint == stun.Bad {
			c.other++
		}
		if m.Realm != "" {
			c.realm = m.Realm
		}
		if m.Has(0x4000) || m.Type == stun.WhatsAppPong {
			c.whatsApp++
		}
	case mtproto.Reflector(b, len(b)) != mtproto.ReflectorNone:
		c.hellos++
	case mtproto.ReflectorData(b, len(b), first):
		c.reflected++
	case channel:
		c.channels++
		c.add(s, inner, at, first)
	case rtp.ParseRTCP(b, &r) && r.Secured && r.Kinds == rtp.SR:
		c.rtcp++
	case rtp.Parse(b, &h):
		c.media[h.Type]++
		c.bytes += len(b)
		s.Add(&h, len(b), at.UnixNano())
	default:
		c.other++
	}
}
