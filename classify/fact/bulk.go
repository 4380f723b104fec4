package fact

// Bounds of a transmission log.
const (
	// MaxEvents is how many events one segment of a log may hold: twice the
	// packets of the 2 MB responses the published detector was tested on.
	MaxEvents = 4096
	// MaxSegments is how many segments of one direction are kept, the latest.
	MaxSegments = 8
)

// EventFlag describes one packet of a transmission log.
type EventFlag uint8

// Flags of events. An event without LostUp and LostDown passed.
const (
	// LostDown: seen at the tap and lost behind it (its bytes were sent again
	// and no DSACK called the repeat needless).
	LostDown EventFlag = 1 << iota
	// LostUp: lost before the tap: inferred from a sequence hole, dated at the
	// last arrival before the hole.
	LostUp
	// Again: the bytes had been seen before: a retransmission.
	Again
)

// Event is one wire segment of a bulk direction, seen or inferred.
type Event struct {
	Time  int64  // ns
	Num   uint64 // packet, for an inferred loss the arrival before the hole
	Seq   uint32
	Len   uint16 // IP bytes
	Flags EventFlag
	RTT   uint32 // latest clean round-trip sample at that time, µs; 0 none
}

// Segment is one stretch of backlogged sending: a response, or a busy period
// (split at a new request, or at idle of more than 600 ms or 6 RTT;
// rate-and-calls, section 2.2).
type Segment struct {
	Start, End int64  // first and last packet, ns
	Before     uint64 // IP bytes sent in this segment before the first event
	Bytes      uint64 // IP bytes of all its packets
	Losses     uint32
	Closed     bool // nothing will be added
	Cut        bool // more events than MaxEvents: those after are missing
	Events     []Event
}

// Bulk is the transmission log of one direction of a bulk flow: what the
// token-bucket replay works on.
type Bulk struct {
	MSS      uint16
	Segments []Segment
	Dropped  uint32 // segments forgotten for newer ones or for lack of memory
	// RTTSource says where Event.RTT comes from: "ack" (data to ACK, tap near
	// the sender), "ts" (timestamp echo, tap near the receiver), "" none.
	RTTSource string
}
