package record

import "chokepoint/capture"

// Config says what to keep and where.
type Config struct {
	Path    string // of the file; rotated ones get -1, -2 ... before the extension
	Payload bool   // keep payload too, as far as it was delivered; otherwise headers only
	MaxSize int64  // bytes of a file before the next is begun, 0: 100 MiB
	Keep    int    // files that are kept, the oldest goes first, 0: 10
}

// Source passes on what another source delivers, and keeps it.
type Source struct {
	capture.Source
}

// New begins the first file.
func New(src capture.Source, c Config) (*Source, error) { panic("not built yet") }

// Read implements [capture.Source].
func (s *Source) Read(b *capture.Batch) error { panic("not built yet") }

// Close ends the file and closes the source.
func (s *Source) Close() error { panic("not built yet") }
