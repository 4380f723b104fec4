package call

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	mrand "math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// linger is how long a side listens on when it has said its last: what the other
// side sent before must not meet a closed port.
const linger = 250 * time.Millisecond

// party is one side of a call on its way to the other.
type party struct {
	link  io.ReadWriteCloser // whole datagrams; closed in the end
	plan  plan
	style style

	mu       sync.Mutex
	sig      signal
	answered chan struct{} // closed when the path is open
	asked    time.Time     // the last question
	heardAt  time.Time     // the last answer
	tally    tally
}

func newParty(link io.ReadWriteCloser, sig signal, s style, p plan) *party {
	return &party{link: link, sig: sig, style: s, plan: p, answered: make(chan struct{})}
}

// run plays the side until the call ends or ctx does, and reports whether the path
// was ever open.
func (p *party) run(ctx context.Context, leave func()) bool {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { p.link.Close() })
	defer stop()
	var reading sync.WaitGroup
	reading.Go(p.listen)
	open := p.knock(ctx)
	if open {
		p.talk(ctx)
	}
	leave()
	pause(ctx, linger)
	p.mu.Lock()
	p.tally.end()
	p.mu.Unlock()
	cancel()
	p.link.Close()
	reading.Wait()
	return open
}

// stay plays the side, and answers questions until nobody asks any more or ctx
// ends.
func (p *party) stay(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { p.link.Close() })
	defer stop()
	var talking sync.WaitGroup
	defer talking.Wait()
	defer cancel()
	talking.Go(func() {
		if p.knock(ctx) {
			p.talk(ctx)
		}
	})
	p.listen()
}

// listen takes in what comes until the link is closed. A refusal by the network is
// no end: it may change its mind.
func (p *party) listen() {
	b := make([]byte, 2048)
	for {
		n, err := p.link.Read(b)
		var refused syscall.Errno
		if err != nil && !errors.As(err, &refused) {
			return
		}
		if err == nil {
			p.take(b[:n])
		}
	}
}

func (p *party) take(b []byte) {
	p.mu.Lock()
	back, what := p.sig.hear(b)
	switch what {
	case media:
		p.tally.received(p.sig.unwrap(b), p.plan.opaque)
	case answered:
		p.hello()
	}
	p.mu.Unlock()
	if back != nil {
		p.link.Write(back) //nolint:errcheck // as on the wire: it may be lost
	}
}

// hello notes an answer.
func (p *party) hello() {
	p.heardAt = time.Now()
	if rtt := p.heardAt.Sub(p.asked); p.tally.RTT == 0 || rtt < p.tally.RTT {
		p.tally.RTT = rtt
	}
	select {
	case <-p.answered:
	default:
		close(p.answered)
	}
}

// question sends what is due and returns when to do so again; ok is false when
// this side has nothing to ask.
func (p *party) question() (again time.Duration, ok bool) {
	p.mu.Lock()
	open := p.heardAt.After(p.asked) // by then, the last one was answered
	if wait := time.Until(p.asked.Add(p.sig.again(true))); open && wait > 0 {
		p.mu.Unlock()
		return wait, true
	}
	b := p.sig.ask()
	if b != nil {
		p.asked = time.Now()
	}
	again = p.sig.again(false)
	p.mu.Unlock()
	if b == nil {
		return 0, false
	}
	p.link.Write(b) //nolint:errcheck // as on the wire: it may be lost
	return again, true
}

// knock asks until the path is open, the call's time is over or ctx is.
func (p *party) knock(ctx context.Context) bool {
	over := time.Now().Add(p.plan.lasts)
	for {
		again, ok := p.question()
		if !ok {
			return ctx.Err() == nil // what brought the other side here has opened it
		}
		select {
		case <-p.answered:
			return ctx.Err() == nil
		case <-time.After(min(again, time.Until(over))):
		case <-ctx.Done():
			return false
		}
		if time.Now().After(over) {
			return false
		}
	}
}

// talk keeps the path open and sends media.
func (p *party) talk(ctx context.Context) {
	beats := []beat{{0, func(at time.Duration) time.Duration {
		again, ok := p.question()
		if !ok {
			return never
		}
		return at + again
	}}}
	if !p.plan.away {
		beats = append(beats, p.streams()...)
	}
	keepTime(ctx, time.Now(), p.plan.lasts, beats)
}

// streams are the beats of the media, each with its reports.
func (p *party) streams() (out []beat) {
	add := func(typ uint8, clock int, of func(plan, *source, func([]byte)) func(time.Duration) time.Duration) {
		s := newSource(p.style, typ, clock)
		out = append(out, later(p.plan.rings, of(p.plan, s, p.send)), later(p.plan.rings+rtcpEvery/4, func(at time.Duration) time.Duration {
			p.report(s)
			return at + rtcpEvery/2 + mrand.N(rtcpEvery) // RFC 3550 section 6.2
		}))
	}
	if p.plan.Audio {
		add(p.style.audio, p.style.audioClock, speech)
	}
	if p.plan.Video > 0 {
		add(p.style.video, videoClock, camera)
	}
	return out
}

// send sends a packet of media.
func (p *party) send(b []byte) {
	if p.plan.opaque {
		rand.Read(b)
	}
	p.mu.Lock()
	out := p.sig.wrap(b)
	p.tally.Sent++
	p.tally.SentBytes += len(b)
	p.mu.Unlock()
	p.link.Write(out) //nolint:errcheck // as on the wire: it may be lost
}

// report sends what a source reports.
func (p *party) report(s *source) {
	b := s.report()
	if p.plan.opaque {
		rand.Read(b)
	}
	p.mu.Lock()
	out := p.sig.wrap(b)
	p.mu.Unlock()
	p.link.Write(out) //nolint:errcheck // as on the wire: it may be lost
}
