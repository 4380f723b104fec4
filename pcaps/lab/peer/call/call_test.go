package call

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"chokepoint/pcaps/lab/peer"
)

// lasts is long enough for rates and for a report.
const lasts = 800 * time.Millisecond

// near reports whether n is about what was wanted: the last beats may be missing,
// and the machine may have been elsewhere.
func near(n, want int) bool { return n >= want*8/10 && n <= want*11/10+1 }

func TestEachKindIsWhatOurParsersExpect(t *testing.T) {
	t.Parallel()
	at := serving(t)
	for _, tt := range []struct {
		name string
		call Call
		ok   func(up, down *census) bool
	}{
		{"direct", Call{Kind: Direct}, func(up, down *census) bool {
			return up.stun >= 2 && down.stun >= 2 && near(up.media[111], 40) && near(down.media[111], 40) && up.proven && down.proven
		}},
		{"turn", Call{Kind: TURN}, func(up, down *census) bool {
			return up.stun >= 5 && down.realm == "telegram.org" && near(up.media[111], 40) && near(down.media[111], 40) && up.channels > 20 && down.channels > 20
		}},
		{"whatsapp", Call{Kind: WhatsApp}, func(up, down *census) bool {
			return up.whatsApp >= 2 && down.whatsApp >= 1 && near(up.media[120], 40) && near(down.media[120], 40) && up.proven && down.proven
		}},
		{"reflector", Call{Kind: Reflector}, func(up, down *census) bool {
			return up.hellos == 1 && down.hellos == 1 && near(up.reflected, 41) && near(down.reflected, 41) && len(up.media) == 0
		}},
		{"opaque", Call{Kind: Direct, Opaque: true}, func(up, down *census) bool {
			return up.stun >= 2 && up.other > 10 && !up.proven && !down.proven
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, c := &wiretap{}, tt.call
			c.Relay, c.For, c.Up, c.Down = at, lasts, Voice, Voice
			s, err := Play(t.Context(), w, c)
			up, down := w.counted()
			if err != nil || !tt.ok(up, down) || !c.Opaque && up.other+down.other > 0 {
				t.Errorf("%v\nstats %+v\nup   %+v\ndown %+v", err, s, up, down)
			}
			if !near(s.Sent, 40) || !near(s.Received, 40) || s.Lost != 0 || s.RTT <= 0 {
				t.Errorf("counted %+v", s)
			}
			if c.Kind != Reflector && !c.Opaque && (up.rtcp == 0 || down.rtcp == 0) {
				t.Errorf("reports: %d, %d", up.rtcp, down.rtcp)
			}
		})
	}
}

func TestVideoHasItsRate(t *testing.T) {
	t.Parallel()
	w := &wiretap{}
	_, err := Play(t.Context(), w, Call{Relay: serving(t), For: lasts, Up: VideoCall, Down: Media{Video: 300_000}})
	up, down := w.counted()
	kbit := func(c *census) int { return c.bytes * 8 / int(lasts/time.Millisecond) }
	if k := kbit(up); err != nil || k < 750 || k > 1400 || up.media[96] < 50 || up.media[111] < 30 {
		t.Errorf("%v: up %d kbit/s, %v", err, k, up.media)
	}
	if k := kbit(down); k < 200 || k > 450 || down.media[111] != 0 {
		t.Errorf("down %d kbit/s, %v", k, down.media)
	}
	sent, _ := w.taken()
	for _, d := range sent {
		if len(d.data) > 1200 {
			t.Fatalf("a datagram of %d bytes", len(d.data))
		}
	}
}

func TestSilenceCameraAndRinging(t *testing.T) {
	t.Parallel()
	w := &wiretap{}
	s, err := Play(t.Context(), w, Call{Relay: serving(t), For: lasts, Rings: 200 * time.Millisecond,
		Up: Media{Video: 500_000, CameraOff: 100 * time.Millisecond}, Down: Media{Audio: true, Muted: Span{0, time.Minute}}})
	up, down := w.counted()
	if err != nil || up.media[96] < 3 || up.media[96] > 3*4 {
		t.Errorf("%v: video was on for 100 ms, %v", err, up.media)
	}
	if down.media[111] != 2 || s.Gaps == 0 {
		t.Errorf("in 600 ms of silence: %v, %+v", down.media, s)
	}
	sent, _ := w.taken()
	for _, d := range sent {
		if first := d.data[0]; first >= 128 && d.at.Sub(sent[0].at) < 200*time.Millisecond {
			t.Error("media before the callee took the call")
		}
	}
}

func TestNobodyTakesTheCall(t *testing.T) {
	t.Parallel()
	s, err := Play(t.Context(), peer.Host{}, Call{Kind: WhatsApp, Relay: serving(t), For: lasts, Up: Voice, Down: Voice, Away: true})
	if err != nil || s.Sent != 0 || s.Received != 0 || s.RTT == 0 {
		t.Errorf("%v, %+v", err, s)
	}
}

// silent is an address where nobody answers.
func silent(t *testing.T) netip.AddrPort {
	t.Helper()
	pc, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("127.0.0.9:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestABlockedPathIsTriedForItsTime(t *testing.T) {
	t.Parallel()
	at := silent(t)
	for _, kind := range []Kind{Direct, TURN, WhatsApp, Reflector} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			w := &wiretap{}
			s, err := Play(t.Context(), w, Call{Kind: kind, Relay: at, For: 1100 * time.Millisecond, Up: Voice, Down: Voice})
			if sent, _ := w.taken(); !errors.Is(err, ErrNoPath) || s.Sent != 0 || len(sent) < 2 || len(sent) > 4 {
				t.Errorf("kind %d: %v, %d questions, %+v", kind, err, len(sent), s)
			}
		})
	}
}

func TestCancelEndsAtOnce(t *testing.T) {
	at, nobody := serving(t), silent(t)
	for _, to := range []netip.AddrPort{at, nobody} {
		for _, kind := range []Kind{Direct, TURN, WhatsApp, Reflector} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			begun := time.Now()
			_, err := Play(ctx, peer.Host{}, Call{Kind: kind, Relay: to, For: time.Minute, Up: VideoCall, Down: VideoCall})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > time.Second {
				t.Errorf("kind %d: %v after %v", kind, err, time.Since(begun))
			}
		}
	}
}

// TestTwentyCallsAtOnce takes addresses in turn; a connected socket hears only the
// one it asked.
func TestTwentyCallsAtOnce(t *testing.T) {
	at := serving(t)
	var calls sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}), at.Port())
			s, err := Play(t.Context(), peer.Host{}, Call{Kind: Kind(i % 4), Relay: to, For: lasts, Up: Voice, Down: Voice})
			if err != nil || !near(s.Sent, 40) || !near(s.Received, 40) {
				t.Errorf("call %d: %v, %+v", i, err, s)
			}
		})
	}
	calls.Wait()
}

func TestBothFamiliesOnOneSocket(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		l.Close()
	}
	at := netip.AddrPortFrom(netip.IPv6Loopback(), serving(t).Port())
	for _, kind := range []Kind{Direct, TURN, Reflector} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s, err := Play(t.Context(), peer.Host{}, Call{Kind: kind, Relay: at, For: lasts, Up: Voice, Down: Voice})
			if err != nil || !near(s.Received, 40) {
				t.Errorf("kind %d: %v, %+v", kind, err, s)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	at, nobody := serving(t), silent(t)
	second := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), at.Port())
	w := &wiretap{}
	rtt, err := Probe{To: []netip.AddrPort{at, second, nobody}, Requests: 4, RTO: 20 * time.Millisecond, Wait: 40 * time.Millisecond, Pace: time.Millisecond}.Run(t.Context(), w)
	if err != nil || len(rtt) != 2 || rtt[at] <= 0 || rtt[second] <= 0 {
		t.Errorf("%v: %v", err, rtt)
	}
	if up, _ := w.counted(); up.stun < 6 || up.stun > 12 || up.other > 0 {
		t.Errorf("asked %d times", up.stun)
	}
	for _, d := range w.down {
		if d.from != at && d.from != second {
			t.Errorf("asked %v and %v, answered by %v", at, second, d.from)
		}
	}
}

// TestTwentySilentPairs asks candidates of nobody; each gets what it should.
func TestTwentySilentPairs(t *testing.T) {
	t.Parallel()
	at := serving(t)
	p := Probe{Check: true, Requests: 3, RTO: 10 * time.Millisecond, Wait: 10 * time.Millisecond, Pace: time.Millisecond}
	for i := range 20 {
		p.To = append(p.To, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i)}), at.Port()))
	}
	w := &wiretap{}
	rtt, err := p.Run(t.Context(), w)
	if up, down := w.counted(); err != nil || len(rtt) != 0 || up.stun != 60 || down.stun != 0 {
		t.Errorf("%v: %+v, %d answers", err, up, len(rtt))
	}
}

func TestPlansTravelInTokens(t *testing.T) {
	p := plan{Media: Media{Audio: true, Video: 750_000, Muted: Span{time.Second, 3 * time.Second}, CameraOff: 5 * time.Second},
		rings: 400 * time.Millisecond, lasts: 20 * time.Minute, away: true, opaque: true}
	got, ok := unseal(p.seal())
	if !ok || got != p {
		t.Errorf("%+v became %+v", p, got)
	}
	if _, ok := unseal(make([]byte, tokenLen)); ok {
		t.Error("a token of zeros is a plan")
	}
}

func TestTheTallyHearsLossAndGaps(t *testing.T) {
	var c tally
	src := newSource(webRTC, 111, 48_000)
	src.header.SequenceNumber = 0xfff0
	for i := range 40 {
		if b := src.packet(0, false, 60); i%10 != 5 {
			c.received(b, false)
		}
	}
	c.received(src.report(), false)
	begun := c.last
	c.heard(begun.Add(199 * time.Millisecond))
	c.heard(begun.Add(500 * time.Millisecond))
	c.end()
	if c.Received != 36 || c.Lost != 4 || c.Gaps != 1 || c.Longest != 301*time.Millisecond {
		t.Errorf("%+v", c.Stats)
	}
}
