package scenes

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// byName is the name that policers by name read.
const byName = "mmg.whatsapp.net"

// whole is a file that nobody gets to the end of, bytes.
const whole = 48 << 20

// scenario is the setting to be played.
func (s *Setting) scenario(name string) *lab.Scenario {
	of := *s
	return &lab.Scenario{Name: name, Lasts: s.Lasts, Truth: s.truth(), Play: of.play}
}

// service is whom it happens to, and server where its media are.
func (s *Setting) service() string {
	if s.TLS {
		return "whatsapp"
	}
	return "telegram"
}

func (s *Setting) server() string {
	if s.TLS {
		return site.WAMedia
	}
	return site.TGMedia
}

func (s *Setting) play(w *lab.World) {
	s.path(w)
	s.stacks(w)
	s.interfere(w)
	if s.TLS {
		w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
	} else {
		w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
	}
	control(w, s.service())
	// Not at once, nor evenly apart: two people's taps.
	for i := range s.Flows {
		s.transfer(w, 200*time.Millisecond+time.Duration(i)*(70*time.Millisecond+s.RTT))
	}
}

// way is the direction of the transfer.
func (s *Setting) way() box.Dir {
	if s.Upload {
		return box.Up
	}
	return box.Down
}

// path sets the links. The server is so far away as was drawn, others where they are;
// what lies before the middlebox is longer for all.
func (s *Setting) path(w *lab.World) {
	near := time.Duration(s.Near * float64(s.RTT) / 2)
	host := w.Addr(netip.MustParseAddr(s.server()))
	for d := range w.Near {
		w.Near[d].Delay += near
		w.Near[d].Loss, w.Near[d].Burst = s.Loss, s.LossRun
	}
	for _, l := range w.Far {
		l.Jitter = s.Jitter
		elsewhere := l.Site
		_, before := w.Near[0].Site(host)
		l.Site = func(a netip.Addr) (time.Duration, uint8) {
			if a == host {
				return max(s.RTT/2-near-900*time.Microsecond-s.Jitter/2, 0), s.Hops - before
			}
			return elsewhere(a)
		}
	}
	if line := w.Near[s.way()]; s.Line > 0 {
		line.Rate, line.Queue = s.Line, s.Queue
		switch s.AQM {
		case "codel":
			line.AQM = &box.CoDel{}
		case "red":
			line.AQM = &box.RED{Min: s.Queue / 10, Max: s.Queue / 2}
		case "pie":
			line.AQM = &box.PIE{}
		}
	}
	if s.Reorder > 0 {
		w.Far[s.way()].Reorder, w.Far[s.way()].ReorderBy = s.Reorder, s.ReorderBy
	}
}

// stacks sets the hosts. Options that the client does not offer nobody uses.
func (s *Setting) stacks(w *lab.World) {
	w.Sites.Congestion, w.Talk.Congestion = s.Congestion, s.Congestion
	if s.Upload {
		w.Sites.RecvBuffer = s.Window / 2 // the kernel doubles it
	}
	w.At(0, func(context.Context) {
		if s.NoTimestamps {
			w.Note("sysctl", w.Client().Sysctl("net.ipv4.tcp_timestamps", "0"))
		}
		if s.NoSACK {
			w.Note("sysctl", w.Client().Sysctl("net.ipv4.tcp_sack", "0"))
		}
	})
}

func (s *Setting) interfere(w *lab.World) {
	bucket := &policy.Police{Rate: s.Rate, Burst: s.Bucket}
	switch {
	case !s.Policed:
	case s.Scope == ScopeFlow:
		bucket.Per = policy.PerFlow
		w.Rule("police by name", policy.SNI(byName), bucket)
	default:
		w.Rule("police media", policy.To(s.server()), bucket)
	}
}

// transfer plans one of the flows, by a program that has its own buffers.
func (s *Setting) transfer(w *lab.World, at time.Duration) {
	c := w.Talk
	if !s.Upload {
		c.RecvBuffer = s.Window / 2
	}
	if s.TLS {
		w.OpenWith(c, at, byName, lab.Web, s.turns()...)
		return
	}
	transport := talk.Padded
	if s.exact() {
		transport = talk.Abridged // adds what [exactly] counts on
	}
	w.At(at, func(ctx context.Context) {
		to := netip.AddrPortFrom(w.Addr(netip.MustParseAddr(s.server())), 443)
		w.Note("media", c.Open(ctx, to, talk.MTProto{Transport: transport, DC: -2}, s.turns()...))
	})
}

// exact reports an application that writes a full segment at a time, no more.
func (s *Setting) exact() bool { return s.Pace > 0 && s.Chunk == 0 }

// turns are what is asked for, more than there is time for.
func (s *Setting) turns() []talk.Turn {
	if s.exact() {
		return []talk.Turn{exactly(s.Pace, s.Lasts)}
	}
	part, n := s.Part, 1
	if part == 0 {
		part = whole
	} else {
		n = whole/part + 1
	}
	if s.Upload {
		return sent(n, part)
	}
	out := parts(n, part)
	for i := range out {
		out[i].Think = s.Think
		if s.Pace > 0 {
			out[i].Pace = talk.Pace{Piece: s.Chunk, Every: time.Duration(float64(s.Chunk) * 8 / s.Pace * 1e9)}
		}
	}
	return out
}
