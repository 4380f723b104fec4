package call

import "time"

// heard is what a datagram was to a side's signalling.
type heard uint8

const (
	media heard = iota // none of its business
	asked
	answered
)

// signal is how a kind of call opens its path and keeps it open, as one side knows
// it. Its methods are called one at a time.
type signal interface {
	// ask returns the question that is due; nil when this side has none.
	ask() []byte
	// again is how long after a question the next one is due.
	again(answered bool) time.Duration
	// hear takes a datagram, and returns what must be sent back.
	hear(b []byte) (back []byte, h heard)
	// wrap and unwrap put media into the kind's envelope, and take them out; nil when
	// it is none.
	wrap(media []byte) []byte
	unwrap(b []byte) []byte
}

// bare is media without an envelope.
type bare struct{}

func (bare) wrap(media []byte) []byte { return media }
func (bare) unwrap(b []byte) []byte   { return b }
