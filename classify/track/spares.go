package track

// spares hands out what few works need: most flows have neither retransmissions of what
// opens them nor, for most of their life, a FIN. Each work takes at most as many as its
// share of the budget counts it for.
type spares[T any] struct {
	free []*T
	made int
}

// get returns a piece as whoever had it left it.
func (s *spares[T]) get() *T {
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		return p
	}
	s.made++
	return new(T)
}

// put takes a piece back; nil is none.
func (s *spares[T]) put(p *T) {
	if p != nil {
		s.free = append(s.free, p)
	}
}
