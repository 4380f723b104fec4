package main

import (
	"io"
	"sync"
	"time"

	"chokepoint/capture"
	"chokepoint/cmd/internal/report/board"
)

// remembered is how many packets back it is known which of several interfaces
// they passed: two bytes each.
const remembered = 1 << 20

// watched passes on what a live source delivers, says how far it has got, and ends
// it when its time is over (packet time, which live goes on without packets too) or
// it is stopped.
type watched struct {
	capture.Source
	duration time.Duration      // 0: for ever
	interval time.Duration      // between two calls of checks, 0: never
	reached  func(board.Moment) // after each Read; nil: nobody asks
	checks   []func()           // called every interval
	stop     <-chan struct{}    // closed: it ends with what had passed by then
	clock    func() time.Time   // says when that was
	ask      func()             // makes the next Read tell what was only counted so far; nil: nothing is
	until    int64              // that moment, ns; 0: not yet
	began    int64              // ns; 0: not yet
	checked  int64
	over     bool

	mu     sync.Mutex // iface and sofar come from other goroutines
	moment board.Moment
	stats  capture.Stats
	latest int64 // of the packets, ns; 0: there was none
	names  []string
	passed []uint16 // interfaces of packets, by number; nil when there is only one
	newest uint64   // packet number
}

// newWatched returns one without a Source yet, for the interfaces asked for.
func newWatched(asked []string) *watched {
	s := &watched{names: asked}
	if len(asked) > 1 {
		s.passed, s.names = make([]uint16, remembered), nil
	}
	return s
}

// Read implements capture.Source.
func (s *watched) Read(b *capture.Batch) error {
	if s.over {
		b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
		return io.EOF
	}
	select {
	case <-s.stop: // what the kernel still holds was seen before that: it counts
		if s.until == 0 {
			s.until = s.clock().UnixNano()
		}
	default:
	}
	if s.ask != nil && s.ending() {
		s.ask()
	}
	err := s.Source.Read(b)
	now := s.look(b)
	if s.reached != nil {
		s.reached(s.moment)
	}
	if s.interval > 0 && now-s.checked >= int64(s.interval) {
		s.checked = now
		for _, check := range s.checks {
			check()
		}
	}
	s.over = s.until != 0 && (len(b.Packets) == 0 || now >= s.until) ||
		s.duration > 0 && s.began != 0 && now-s.began >= int64(s.duration)
	return err
}

// lastReads is how long before the time is over every Read may be the last: twice
// what one waits for a packet.
const lastReads = 500 * time.Millisecond

// ending reports that there may be no further Read.
func (s *watched) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.duration - time.Duration(s.moment.Now.UnixNano()-s.began)
	return s.until != 0 || s.duration > 0 && s.began != 0 && left <= lastReads
}

// look notes what a batch says and returns the time it has got to, ns.
func (s *watched) look(b *capture.Batch) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := b.Now
	for i := range b.Packets {
		p := &b.Packets[i]
		now, s.latest = max(now, p.Time), max(s.latest, p.Time)
		s.newest = max(s.newest, p.Num)
		if s.passed != nil {
			s.passed[p.Num%remembered] = p.If
		}
		if s.moment.First.IsZero() {
			s.moment.First = time.Unix(0, p.Time).UTC()
		}
	}
	if now != 0 && s.began == 0 {
		s.began, s.checked = now, now
	}
	if now != 0 {
		s.moment.Now = time.Unix(0, now).UTC()
	}
	s.stats = s.Source.Stats()
	st := &s.stats
	s.moment.Packets, s.moment.Lost, s.moment.Unseen = st.Packets, st.Dropped+st.Lost, st.Unseen
	if s.passed != nil {
		s.learn()
	}
	return now
}

// learn takes the names of interfaces that appeared.
func (s *watched) learn() {
	for _, i := range s.Source.Interfaces()[len(s.names):] {
		s.names = append(s.names, i.Name)
	}
}

// iface says which interface a packet passed, "" if that was forgotten.
func (s *watched) iface(num uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passed == nil {
		return s.names[0]
	}
	i := int(s.passed[num%remembered])
	if num == 0 || num > s.newest || s.newest-num >= remembered || i >= len(s.names) {
		return ""
	}
	return s.names[i]
}
