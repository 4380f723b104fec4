package tls

import "chokepoint/classify/wire"

// Status is what a parser of this package makes of a stream; see package wire.
type Status = wire.Status

// The answers of a parser. All but NeedMore are final.
const (
	NeedMore  = wire.NeedMore
	Done      = wire.Done
	NotTLS    = wire.Alien
	Malformed = wire.Malformed
)

// MaxHello is how many stream bytes the parsers of this package look at, and
// the longest handshake message they follow. The post-quantum hellos of today
// are below 2 KiB; certificate chains rarely exceed 16 KiB.
const MaxHello = 64 << 10
