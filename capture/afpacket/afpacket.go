//go:build linux

package afpacket

import "chokepoint/capture"

// Config says what to capture.
type Config struct {
	Interfaces []string // must exist
	RingBytes  int      // of each interface; 0: 16 MiB
	Snap       int      // bytes of a frame that are kept; 0: 4096
	// Notice is told, one sentence each, of interfaces that went down or away and
	// came back. nil: nobody. It is called from Read.
	Notice func(string)
}

// Source implements [capture.Source] on live interfaces. Frames are whole up to
// Snap, with the VLAN tag that the kernel keeps beside them put back in.
type Source struct{}

// Open opens a ring for each interface, in the network namespace of the calling
// thread. The error is a *bpf.Unavailable where a privilege is missing.
func Open(c Config) (*Source, error) { panic("not built yet") }

// Read implements [capture.Source]. It returns within a quarter of a second, with
// no packets if there were none; Now is then how far time has got.
func (s *Source) Read(b *capture.Batch) error { panic("not built yet") }

// Wake makes a Read that waits return at once. It may be called from any goroutine.
func (s *Source) Wake() { panic("not built yet") }

// Interfaces implements [capture.Source].
func (s *Source) Interfaces() []capture.Interface { panic("not built yet") }

// Stats implements [capture.Source].
func (s *Source) Stats() capture.Stats { panic("not built yet") }

// Close implements [capture.Source].
func (s *Source) Close() error { panic("not built yet") }
