//go:build linux

package live

import "chokepoint/capture"

// Backends that Options can ask for.
const (
	Auto     = "auto"     // the first of the others that works
	TCX      = "tcx"      // Linux 6.6
	Clsact   = "clsact"   // Linux 5.17
	AFPacket = "afpacket" // any; no testimony but for what eBPF can still give
)

// Options says what to capture, and how.
type Options struct {
	Interfaces []string // those that do not exist yet are captured when they appear (TCX only)
	Backend    string   // "" is Auto
	Plan       capture.Plan
	// Notice is told, one sentence each: interfaces that come and go, parts that
	// do not work and what is lost by it. nil: nobody. It may be called from any
	// goroutine.
	Notice func(string)
}

// Backend says how a source captures.
type Backend struct {
	Name   string   // tcx, clsact or afpacket
	Misses []string // what is lost by it, one clause each: "drops of this host's kernel (capability CAP_PERFMON)"
	Why    []string // why not those before it on the list, one sentence each
}

// Source implements [capture.Source] on live interfaces.
type Source struct{}

// Open begins to capture, in the network namespace of the calling thread. The
// error is a *bpf.Unavailable where something is missing.
func Open(o Options) (*Source, error) { panic("not built yet") }

// Backend says how it captures.
func (s *Source) Backend() Backend { panic("not built yet") }

// Read implements [capture.Source]. It returns within a quarter of a second, with
// no packets if there were none; Now is then how far time has got.
func (s *Source) Read(b *capture.Batch) error { panic("not built yet") }

// Wake makes a Read that waits return at once. It may be called from any goroutine.
func (s *Source) Wake() { panic("not built yet") }

// Interfaces implements [capture.Source].
func (s *Source) Interfaces() []capture.Interface { panic("not built yet") }

// Stats implements [capture.Source].
func (s *Source) Stats() capture.Stats { panic("not built yet") }

// Close detaches everything.
func (s *Source) Close() error { panic("not built yet") }
