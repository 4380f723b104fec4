package classify

import (
	"io"

	"chokepoint/capture"
)

// ticking delivers packets one by one, and says every step of the silence
// between two of them that time passes, as live sources do.
type ticking struct {
	packets []capture.Packet
	step    int64 // ns; 0: it says nothing
	next    int
	now     int64
}

func (s *ticking) Read(b *capture.Batch) error {
	b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
	if s.next == len(s.packets) {
		return io.EOF
	}
	p := s.packets[s.next]
	if s.step > 0 && s.now != 0 && p.Time-s.now > s.step {
		s.now += s.step
		b.Now = s.now
		return nil
	}
	s.next++
	s.now = max(s.now, p.Time)
	p.Num = uint64(s.next)
	b.Packets, b.Now = append(b.Packets, p), s.now
	return nil
}

func (s *ticking) Interfaces() []capture.Interface {
	return []capture.Interface{{Name: "test0", Link: s.packets[0].Link}}
}
func (s *ticking) Stats() capture.Stats { return capture.Stats{Packets: uint64(s.next)} }
func (s *ticking) Close() error         { return nil }
