package scenes

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

// forget ends a connection as a power failure does: without a word (tcp(7) has
// nothing of TCP_REPAIR; see criu.org/TCP_connection). It needs CAP_NET_ADMIN.
func forget(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) }); e != nil {
		return e
	}
	if err == nil {
		err = c.Close()
	}
	return err
}

// peerForgets: Telegram's servers restart: what the clients then ask is answered by
// kernels that know no such connection: RST at exactly what was acknowledged.
func peerForgets() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-reboots", Cases: []string{"B14"}, Lasts: 7 * time.Second,
		Truth: unforged("telegram", finding.Unexplained, "Telegram's servers forget all connections at once; later questions are answered by a RST", theServers,
			"each reset has the number that the question acknowledged: a kernel without such a connection"),
		Play: func(w *lab.World) {
			var open sync.Map
			remember := func(c *net.TCPConn) bool { open.Store(c, true); return true }
			for _, a := range []string{site.TGChat, site.TGMedia} {
				w.Serve(netip.MustParseAddrPort(a+":443"), talk.ServerOptions{OnAccept: remember})
				for i := range 3 {
					w.OpenAt(time.Duration(300+250*i)*time.Millisecond, a, 443, talk.MTProto{}, talk.Chat(8, time.Duration(800+90*i)*time.Millisecond)...)
				}
			}
			w.At(3*time.Second, func(context.Context) {
				open.Range(func(c, _ any) bool { w.Note("restart", forget(c.(*net.TCPConn))); return true })
			})
			w.At(3900*time.Millisecond, func(context.Context) { open.Clear() })
			w.TelegramWorks(4500 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}

// clientReboots: the client's program is gone without a word, and its next
// connection has the same ports. The server, who knows the old one, asks back
// (challenge ACK, RFC 5961 section 4.2), and the client's kernel resets exactly that
// one; the SYN is repeated and all is well.
func clientReboots() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-reboots", Cases: []string{"B14"}, Lasts: 7 * time.Second,
		Truth: unforged("whatsapp", finding.Benign, "the client forgets connections to WhatsApp and opens them anew from the same ports", theClient,
			"a challenge ACK, then an exact reset: the peer has lost its state"),
		Play: func(w *lab.World) {
			for i, addr := range []string{site.WAChat, site.WAChat2, site.ExampleOrg} {
				to := netip.AddrPortFrom(netip.MustParseAddr(addr), 443)
				from := netip.AddrPortFrom(lab.ClientAddr, uint16(42_610+i))
				at := time.Duration(400+300*i) * time.Millisecond
				w.At(at, func(ctx context.Context) { w.Note(addr, halfOpen(ctx, w, from, to)) })
				c := w.Talk
				c.From = from
				w.At(at+2*time.Second, func(ctx context.Context) {
					w.Note(addr, c.Open(ctx, to, talk.Noise{}, talk.Chat(3, 600*time.Millisecond)...))
				})
			}
			w.Open(900*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Download(90_000))
			lively(w, "whatsapp")
		},
	}
}

// halfOpen connects, says a few bytes that nothing answers, and forgets it all.
func halfOpen(ctx context.Context, w *lab.World, from, to netip.AddrPort) error {
	c, err := w.Client().Dial(ctx, "tcp", from, to)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write([]byte("WA\x06\x03")); err != nil {
		return err
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	return forget(c.(*net.TCPConn))
}
