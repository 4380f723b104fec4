package plan

import (
	"sync/atomic"

	"chokepoint/capture"
)

// Source cuts what another source delivers.
type Source struct {
	capture.Source
	decider *Decider
	cut     atomic.Uint64 // bytes cut off
}

var _ capture.Source = (*Source)(nil)

// New returns src cut down to p.
func New(src capture.Source, p capture.Plan) *Source {
	return &Source{Source: src, decider: NewDecider(p)}
}

// Read implements [capture.Source]. The frames are shorter; what they were on the
// wire stays. A packet that somebody had decoded is to be decoded again.
func (s *Source) Read(b *capture.Batch) error {
	err := s.Source.Read(b)
	var off uint64
	for i := range b.Packets {
		p := &b.Packets[i]
		n := s.decider.Cut(p.Frame, p.WireLen, p.Link)
		if n == len(p.Frame) {
			continue
		}
		p.WireLen = max(p.WireLen, uint32(len(p.Frame)))
		off += uint64(len(p.Frame) - n)
		p.Frame = p.Frame[:n]
		p.Has &^= capture.Decoded
	}
	s.cut.Add(off)
	return err
}

// Stats implements [capture.Source]: bytes cut off were not delivered.
func (s *Source) Stats() capture.Stats {
	st := s.Source.Stats()
	st.Bytes -= min(st.Bytes, s.cut.Load())
	return st
}
