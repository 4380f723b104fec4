package answer

import "slices"

// maxSample bounds a sample: enough for a median within some percent.
const maxSample = 512

// sample is a reservoir of at most maxSample values (Vitter, 1985, algorithm R)
// whose choice is fixed by the order of the values, so that runs repeat.
type sample struct {
	values []float64
	seen   uint64
	state  uint64
}

func (s *sample) add(v float64) {
	s.seen++
	if len(s.values) < maxSample {
		s.values = append(s.values, v)
		return
	}
	if i := s.next() % s.seen; i < maxSample {
		s.values[i] = v
	}
}

// next is splitmix64 from a fixed start.
func (s *sample) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// median returns the middle value, nil when there is none.
func (s *sample) median() *float64 { return median(s.values) }

func median(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	v := slices.Clone(values)
	slices.Sort(v)
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = (m + v[len(v)/2-1]) / 2
	}
	return &m
}
