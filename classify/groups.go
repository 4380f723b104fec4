package classify

// Group is a set of detectors that go together, with what is kept of flows for
// them alone.
type Group uint8

// The groups that a run can do without.
const (
	// Rates is what tells that a transfer is held down: policers, queues and
	// losses of paths, and the comparison of services. Transmission logs and
	// throughput over time are kept for it.
	Rates Group = 1 << iota
	// Calls is what tells how the media of calls fare. Their numbers, spacing and
	// round trips are kept for it, and how the client's TCP fares meanwhile. That
	// a call does not come about is told without it.
	Calls
)

// without reports whether something of a group is left out.
func (o *Options) without(g Group) bool { return o.Without&g != 0 }
