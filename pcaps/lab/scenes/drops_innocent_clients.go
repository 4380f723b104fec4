package scenes

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// leavingClients are clients that stop reading or go.
func leavingClients() []*lab.Scenario {
	return []*lab.Scenario{pausedVideo(), leftovers(), abortedDownloads()}
}

// siteAddr is an address as netip has it.
func siteAddr(a string) netip.Addr { return netip.MustParseAddr(a) }

// reader is a client that stops reading for a while once it has read so much.
type reader struct {
	net.Conn
	after int
	pause time.Duration
	ctx   context.Context
}

func (r *reader) Read(b []byte) (int, error) {
	if r.after -= len(b); r.after < 0 && r.pause > 0 {
		select {
		case <-time.After(r.pause):
		case <-r.ctx.Done():
		}
		r.pause = 0
	}
	return r.Conn.Read(b[:min(len(b), 4096)])
}

// watch plans a film over TLS that the user pauses.
func watch(w *lab.World, at time.Duration, addr, name string, pause time.Duration) {
	w.At(at, func(ctx context.Context) {
		c, err := w.Client().Dial(ctx, "tcp", netip.AddrPort{}, netip.AddrPortFrom(siteAddr(addr), 443))
		if err != nil {
			w.Note(name, err)
			return
		}
		defer c.Close()
		defer context.AfterFunc(ctx, func() { c.Close() })()
		if tcp, ok := c.(*net.TCPConn); ok {
			w.Note(name, tcp.SetReadBuffer(96<<10))
		}
		slow := &reader{Conn: c, after: 300_000, pause: pause, ctx: ctx}
		w.Note(name, talk.Play(ctx, tls.Client(slow, &tls.Config{ServerName: name, InsecureSkipVerify: true}), talk.Download(1_200_000)))
	})
}

// pausedVideo is users who pause: their windows close, and open again 7 s later; one
// does not come back.
func pausedVideo() *lab.Scenario {
	return &lab.Scenario{
		Name: "user-pauses-video", Cases: []string{"B22"}, Lasts: 11 * time.Second,
		Truth: blameless("programs stop reading in the middle of downloads, so that their windows close", "the client itself", finding.Benign, "the receiver's window is closed: it asks for silence"),
		Play: func(w *lab.World) {
			w.Keep = bulk
			watch(w, 300*time.Millisecond, site.WAMedia, "mmg.whatsapp.net", 7*time.Second)
			watch(w, 600*time.Millisecond, site.SignalFiles, "cdn2.signal.org", 6*time.Second)
			watch(w, 900*time.Millisecond, site.Discord, "cdn.discordapp.com", time.Hour)
			w.OthersWork(400 * time.Millisecond)
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// leftovers is what a restarted load balancer leaves behind: its connections are
// forgotten, so that the client's good-byes are neither acknowledged nor refused.
// All that was asked has been answered.
func leftovers() *lab.Scenario {
	t := blameless("a load balancer of Signal forgets its connections at 3.5 s and ignores what comes for them; new ones are served", "the servers themselves", finding.Suspected, "only good-byes of old connections are lost; younger ones of the same size to the same addresses are well")
	t.Services["signal"] = []string{"ok", "degraded"}
	return &lab.Scenario{
		Name: "half-open-leftovers", Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			old := policy.All(policy.To(site.SignalChat, site.SignalChat2), policy.After(3500*time.Millisecond), func(p *box.Packet) bool {
				return p.Flow != nil && p.Time-p.Flow.Began > int64(2200*time.Millisecond)
			})
			w.Rule("forgotten", old, nowhere{})
			for i, name := range []string{"chat.signal.org", "grpc.chat.signal.org"} {
				w.Open(time.Duration(300+300*i)*time.Millisecond, name, lab.Native, talk.Turn{Ask: 200, Answer: 7_000}, talk.Idle(3500*time.Millisecond))
				tries(3, 4*time.Second+time.Duration(i)*300*time.Millisecond, 1500*time.Millisecond, func(at time.Duration) {
					w.Open(at, name, lab.Native, talk.Turn{Ask: 200, Answer: 7_000})
				})
			}
			w.OthersWork(400*time.Millisecond, "signal")
			w.OthersWork(5*time.Second, "signal")
			w.Surf(0, 8*time.Second, 2*time.Second)
		},
	}
}

// abortedDownloads is a user who scrolls past pictures: downloads are left in the
// middle, by closing, by a reset, or by the death of the program.
func abortedDownloads() *lab.Scenario {
	t := blameless("programs leave downloads in the middle", "the client itself", finding.Benign, "the client itself ended them")
	t.Ceilings = append(t.Ceilings, atMost([]finding.Kind{finding.ResetInjected}, finding.Unexplained, "the resets are the client's own"))
	return &lab.Scenario{
		Name: "client-aborts-downloads", Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			names := []string{"mmg.whatsapp.net", "cdn2.signal.org", "fd.oneme.ru"}
			for i, leave := range []talk.Leave{talk.Hasty, talk.Reset, talk.Kill} {
				c := w.Talk
				c.Leave = leave
				for j, name := range names {
					at := time.Duration(300+900*i+300*j) * time.Millisecond
					w.OpenWith(c, at, name, lab.Web, talk.Turn{Ask: 300, Answer: 900_000, Enough: 12_000 + 9_000*i})
					w.OpenWith(c, at+2500*time.Millisecond, name, lab.Native, talk.Turn{Ask: 300, Answer: 900_000, Enough: 17_000})
				}
			}
			w.OthersWork(400 * time.Millisecond)
			w.Surf(0, 6*time.Second, 2*time.Second)
		},
	}
}
