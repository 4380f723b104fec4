package talk

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// patience is how long a client bears a silent server. It runs out only while it
// is started; every byte that moves renews it. The zero value is endless.
type patience struct {
	longest time.Duration // 0 endless
	out     func()        // what happens when it runs out

	mu    sync.Mutex
	on    bool
	bears time.Duration
	due   time.Time
	timer *time.Timer
}

// start begins to wait for a server that may think so long by agreement.
func (p *patience) start(think time.Duration) {
	if p.longest == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on, p.bears = true, p.longest+think
	if p.timer == nil {
		p.timer = time.AfterFunc(p.bears, p.fire)
	}
	p.wind()
}

func (p *patience) wind() {
	p.due = time.Now().Add(p.bears)
	p.timer.Reset(p.bears)
}

func (p *patience) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on {
		p.wind()
	}
}

func (p *patience) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on = false; p.timer != nil {
		p.timer.Stop()
	}
}

func (p *patience) fire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on && !time.Now().Before(p.due) { // or it was renewed when the timer had run out
		p.out()
	}
}

// line is a client's connection: what moves on it renews its
// patience.
type line struct {
	net.Conn
	patience patience
}

func newLine(c net.Conn, longest time.Duration) *line {
	l := &line{Conn: c}
	l.patience.longest = longest
	l.patience.out = func() { c.SetDeadline(time.Unix(1, 0)) } //nolint:errcheck // a closed connection waits for nothing
	return l
}

// NetConn returns what is below.
func (l *line) NetConn() net.Conn { return l.Conn }

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.patience.renew()
	}
	if err == io.EOF && dead(under(l)) {
		err = syscall.ECONNRESET
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	if n > 0 {
		l.patience.renew()
	}
	return n, err
}
