package fact

// Bounds of a transmission log.
const (
	// MaxEvents is how many events one segment of a log may hold: twice the
	// packets of the 2 MB responses the published detector was tested on
	// (Flach et al., SIGCOMM 2016, section 3).
	MaxEvents = 4096
	// MaxSegments is how many segments of one direction are kept; those with
	// the fewest losses are forgotten first.
	MaxSegments = 8
	// MaxEarly is how many round trips of the time before the first kept
	// event are remembered per leg.
	MaxEarly = 16
)

// EventFlag describes one packet of a transmission log.
type EventFlag uint8

// Flags of events. An event without LostUp, LostDown and Void passed.
const (
	// LostDown: seen at the tap and lost behind it (its bytes were sent again
	// before they were acknowledged, and no DSACK called the repeat needless).
	LostDown EventFlag = 1 << iota
	// LostUp: lost before the tap: inferred from a sequence hole, dated at the
	// last arrival before the hole.
	LostUp
	// Again: the bytes had been seen before: a retransmission.
	Again
	// Filled: the bytes of a LostUp came later, as a retransmission does.
	Filled
	// Void: an inferred packet that was not lost after all: it was only
	// overtaken, or the capture missed it. It counts for nothing.
	Void
	// Asked: the first of an answer that goes on in the segment of others, as
	// something of these was lost.
	Asked
	// Lone: the acknowledgement that gave its round trip on the leg down covered no
	// other: its receiver may have delayed it (RFC 1122, section 4.2.3.2).
	Lone
)

// Leg tells the two round trips a tap sees apart.
type Leg uint8

// The legs of a data direction, seen from the tap.
const (
	LegDown Leg = 0 // tap to receiver and back: data to acknowledgement
	LegUp   Leg = 1 // tap to sender and back: TSval to its echo (RFC 7323)
)

// Event is one wire segment of a bulk direction, seen or inferred.
type Event struct {
	Time  int64     // ns
	Num   uint64    // packet, for an inferred loss the arrival before the hole
	Seq   uint32    // of its first byte that was new then
	RTT   [2]uint32 // per [Leg]: the clean sample this very packet gave, µs; 0 none
	Len   uint16    // IP bytes
	Flags EventFlag
}

// Early is a thinned record of the round trips of one leg before the first
// event of a segment, oldest first.
type Early struct {
	N      uint32 // samples kept
	Stride uint32 // every so many samples one is kept
	Skip   uint32 // samples until the next is kept
	RTT    [MaxEarly]uint32
}

// Samples returns the samples kept, µs.
func (e *Early) Samples() []uint32 { return e.RTT[:e.N] }

// Add offers a sample, µs. A full record drops every other sample and takes
// half as many from then on, so that it always spans the whole time.
func (e *Early) Add(us uint32) {
	if e.Skip > 0 {
		e.Skip--
		return
	}
	if e.N == MaxEarly {
		for i := range uint32(MaxEarly / 2) {
			e.RTT[i] = e.RTT[2*i]
		}
		e.N, e.Stride = MaxEarly/2, 2*e.Stride
	}
	e.Stride = max(e.Stride, 1)
	e.RTT[e.N] = us
	e.N++
	e.Skip = e.Stride - 1
}

// Segment is one stretch of backlogged sending: a response, or a busy period
// (split at a new request, or at idle of more than 600 ms and 6 RTT;
// rate-and-calls, section 2.2).
type Segment struct {
	Start, End int64  // first and last packet, ns
	Before     uint64 // IP bytes sent in this segment before the first event
	Bytes      uint64 // IP bytes of all its packets
	Losses     uint32
	Gaps       uint32 // packets the capture missed: acknowledged and never seen
	Closed     bool   // no event will be added; one may still be marked lost
	Cut        bool   // as many events as a segment may hold: the next goes on
	Continues  bool   // goes on where the last was cut: nothing is known of its start
	Lapse      bool   // what was sent right before it is not in the log: forgotten, or missed by the capture
	Early      [2]Early
	Events     []Event // nil when it closed with too few losses to judge
}

// Bulk is the transmission log of one direction of a bulk flow: what the
// token-bucket replay works on.
type Bulk struct {
	MSS      uint16 // payload bytes of a full wire segment
	Segments []Segment
	Dropped  uint32 // segments forgotten for lack of memory
}
