package fact

import "chokepoint/capture"

// Logged is a direction of a flow with its transmission log, as it stands at a
// tick: flows of one client are laid side by side to see whether they drain one
// bucket (rate-and-calls, section 2.3).
type Logged struct {
	Flow              FlowID
	Key               capture.Key // of the client's packets
	If                uint16
	Dir               Dir
	Service, Function string // "" unknown
	Bulk              *Bulk
	Floor             [2]uint32 // per [Leg]: smallest round trip of the path, µs, 0 unknown
	Blind             Blindness
	Local             bool // this host's own kernel dropped packets of the flow
}

// Scope says which flows of a client drain a bucket together.
type Scope uint8

// The scopes, narrowest first.
const (
	ScopeNetwork Scope = iota + 1 // of one service, to one /24, over IPv6 one /48
	ScopeService                  // of one service
	ScopeClient                   // all
)

func (s Scope) String() string {
	return [...]string{"flow", "network", "service", "client"}[s]
}

// SharesBucket says of a flow what its transmission log showed beside those of
// the client's other flows.
type SharesBucket struct {
	Flow FlowID
	Dir  Dir
	// With are the other flows that lost much at the same time, or drain the
	// same bucket.
	With []FlowID
	Fits bool // one bucket accounts for all of them
}

// Shares returns what is known of a direction of a flow beside others, nil:
// nothing.
func (w *World) Shares(id FlowID, d Dir) *SharesBucket {
	for i := range w.Shared {
		if s := &w.Shared[i]; s.Flow == id && s.Dir == d {
			return s
		}
	}
	return nil
}
