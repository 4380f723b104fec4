package talk

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/peer"
)

// TestWaysToLeave looks from a bare server, which reads until the end.
func TestWaysToLeave(t *testing.T) {
	for _, tt := range []struct {
		how  Leave
		want error
	}{{Bye, io.EOF}, {Hasty, io.EOF}, {Reset, syscall.ECONNRESET}, {Kill, syscall.ECONNRESET}} {
		for name, s := range streams {
			met := make(chan error, 1)
			to := serving(t, ServerOptions{Met: func(_ net.Addr, err error) { met <- err }})
			c := Client{Net: peer.Host{}, Leave: tt.how}
			if err := c.Open(t.Context(), to, s, one); err != nil {
				t.Errorf("%s, %d: %v", name, tt.how, err)
			}
			switch {
			case tt.want == io.EOF && len(met) > 0:
				t.Errorf("%s, %d: the server met %v", name, tt.how, <-met)
			case tt.want != io.EOF && name != "h2": // whose server tells nobody
				select {
				case err := <-met:
					if !errors.Is(err, tt.want) {
						t.Errorf("%s, %d: the server met %v", name, tt.how, err)
					}
				case <-time.After(5 * time.Second):
					t.Errorf("%s, %d: the server met nothing", name, tt.how)
				}
			}
		}
	}
}

func TestAClientThatRemains(t *testing.T) {
	to := serving(t, ServerOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	for name, s := range streams {
		c := Client{Net: peer.Host{}, Leave: Remain}
		if err := c.Open(ctx, to, s, Turn{Ask: 10, Answer: 10, End: Hang}); err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ctx.Err() == nil {
		t.Error("left early")
	}
}

func TestAServerEndsIdleClients(t *testing.T) {
	to := serving(t, ServerOptions{Idle: 50 * time.Millisecond, Met: func(_ net.Addr, err error) { t.Error(err) }})
	for name, s := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Client{Net: peer.Host{}, Leave: Remain}
			if err := c.Open(t.Context(), to, s, one); !errors.Is(err, io.EOF) || !strings.HasPrefix(err.Error(), "at rest: ") {
				t.Error(err)
			}
		})
	}
}

func TestAClientHasEnough(t *testing.T) {
	to := serving(t, ServerOptions{})
	for name, s := range streams {
		begun := time.Now()
		c := Client{Net: peer.Host{}}
		if err := c.Open(t.Context(), to, s, Turn{Ask: 100, Answer: 1 << 20, Pace: Pace{10_000, 50 * time.Millisecond}, Enough: 15_000}); err != nil || time.Since(begun) > 3*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(begun))
		}
	}
}

// TestPaceHolds has the answer take its time, and not longer for being late.
func TestPaceHolds(t *testing.T) {
	to := serving(t, ServerOptions{})
	begun := time.Now()
	c := Client{Net: peer.Host{}}
	if err := c.Open(t.Context(), to, TLS{}, Paced(8e6, 300*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < 250*time.Millisecond || d > 2*time.Second {
		t.Errorf("300 ms of a stream took %v", d)
	}
}

func congestionOf(t *testing.T, c syscall.Conn) (name string) {
	t.Helper()
	if err := control(c, func(fd int) (err error) {
		name, err = unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		return err
	}); err != nil {
		t.Error(err)
	}
	return name
}

func integer(t *testing.T, c syscall.Conn, level, option int) (n int) {
	t.Helper()
	if err := control(c, func(fd int) (err error) {
		n, err = unix.GetsockoptInt(fd, level, option)
		return err
	}); err != nil {
		t.Error(err)
	}
	return n
}

// TestServerOptions looks at the server's socket, at first and while its client
// is idle.
func TestServerOptions(t *testing.T) {
	conns := make(chan *net.TCPConn, 1)
	to := serving(t, ServerOptions{RecvBuffer: 20_000, SendBuffer: 30_000, Congestion: "reno", OnAccept: func(c *net.TCPConn) bool {
		recv, send := integer(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF), integer(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF)
		if name := congestionOf(t, c); recv != 40_000 || send != 60_000 || name != "reno" {
			t.Errorf("buffers of %d and %d, %s", recv, send, name)
		}
		conns <- c
		return true
	}})
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		c := Client{Net: peer.Host{}}
		asked <- c.Open(ctx, to, MTProto{}, one, Turn{Congestion: "cubic"}, Idle(time.Minute))
	}()
	c := <-conns
	name := ""
	for end := time.Now().Add(5 * time.Second); name != "cubic" && time.Now().Before(end); time.Sleep(time.Millisecond) {
		name = congestionOf(t, c)
	}
	if name != "cubic" {
		t.Errorf("congestion control %q", name)
	}
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestClientOptions(t *testing.T) {
	to := serving(t, ServerOptions{})
	c := Client{Net: peer.Host{}, RecvBuffer: 10_000, KeepAlive: 7 * time.Second, Congestion: "reno"}
	l, err := c.dial(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tcp := under(l)
	for _, o := range []struct{ level, name, want int }{{unix.SOL_SOCKET, unix.SO_RCVBUF, 20_000}, {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 7}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 7}} {
		if got := integer(t, tcp, o.level, o.name); got != o.want {
			t.Errorf("option %d of level %d is %d, want %d", o.name, o.level, got, o.want)
		}
	}
	if name := congestionOf(t, tcp); name != "reno" {
		t.Errorf("congestion control %q", name)
	}
}

// TestByeReadsOnAndHastyDoesNot has the server speak after the client's FIN.
func TestByeReadsOnAndHastyDoesNot(t *testing.T) {
	for how, want := range map[Leave]error{Bye: nil, Hasty: syscall.EPIPE} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		left := make(chan error, 1)
		go func() {
			c := Client{Net: peer.Host{}, Leave: how}
			left <- c.Open(t.Context(), l.Addr().(*net.TCPAddr).AddrPort(), HTTP{Host: "a.example"}, Idle(time.Millisecond))
		}()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%d: no FIN but %v", how, err)
		}
		if how == Hasty {
			if err := <-left; err != nil { // or the first bytes may come before it closes
				t.Error(err)
			}
		}
		for range 20 {
			if _, err = c.Write([]byte("late")); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if !errors.Is(err, want) {
			t.Errorf("%d: a late word met %v, want %v", how, err, want)
		}
		c.Close()
		if how == Bye {
			if err := <-left; err != nil {
				t.Error(err)
			}
		}
		l.Close()
	}
}

func TestHabits(t *testing.T) {
	if n := len(Chat(8, time.Second)); n != 6+2*4 {
		t.Errorf("chat of %d turns", n)
	}
	v := Video(6, 2*time.Second, 1e6, 2e6)
	if v[0].Answer != 250_000 || v[5].Answer != 500_000 || v[2].Wait != 0 || v[3].Wait != 2*time.Second {
		t.Errorf("%+v", v)
	}
	if p := Paced(1e6, 2*time.Second); p.Answer != 250_000 || p.Pace.Piece != 2500 {
		t.Errorf("%+v", p)
	}
	if !Idle(time.Second).pause() || Download(1).pause() {
		t.Error("what a pause is")
	}
}
