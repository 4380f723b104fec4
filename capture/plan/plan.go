package plan

import "chokepoint/capture"

// Source cuts what another source delivers.
type Source struct {
	capture.Source
}

// New returns src cut down to p.
func New(src capture.Source, p capture.Plan) *Source { panic("not built yet") }

// Read implements [capture.Source].
func (s *Source) Read(b *capture.Batch) error { panic("not built yet") }
