package bulklog

import (
	"unsafe"

	"chokepoint/classify/fact"
)

const (
	// suspectLosses in one segment are worth a judgement: the published
	// detector wants as many samples (MIN_NUM_SAMPLES, Flach et al. 2016).
	suspectLosses = 15
	// keepLosses in a closed segment make its events worth their memory
	// (rate-and-calls, section 2.2: suspect at 5 losses).
	keepLosses = 5
)

// Log is the transmission log of one direction of a flow. The zero value waits
// for Start. It is for one goroutine.
type Log struct {
	bulk      fact.Bulk     // Segments: the last is cur's, the one before prev's
	running   *fact.Segment // the last; nil before Start
	cur, prev track
	hasPrev   bool
	spare     []fact.Event // of a segment whose events were let go

	started bool
	isn     uint32
	contig  uint32 // what is below had been seen when the log began
	next    uint32 // highest sequence end seen
	una     uint32 // highest acknowledgement seen, at least where the log began
	heard   uint32 // the same, wherever it is; valid once acks is true
	acks    bool   // the other direction was seen to acknowledge
	clean   uint32 // data below it may have waited for a repair: no RTT sample

	lastTime int64 // last arrival in this direction
	lastNum  uint64
	jump     uint32 // end of a packet too far ahead to believe alone
	jumped   bool

	asked  bool // the other side sent payload when it had all of ours
	answer bool // the next event begins the answer to it, in the running segment

	unit   uint32 // payload of a full wire segment
	sized  bool   // unit was seen, not assumed
	header uint32 // IP and TCP header bytes of the last packet

	minRTT [2]uint32 // per leg, µs; 0 none
	echo   echoes
	worst  uint32 // most losses in any segment so far
}

// Origin is what is known of a direction when its log begins.
type Origin struct {
	ISN    uint32    // initial sequence number
	Next   uint32    // the next new byte
	Contig uint32    // up to where no byte is missing
	Start  int64     // of its first payload, ns
	Before uint64    // IP bytes since then, of packets that passed the tap
	MSS    uint16    // option of the receiver, 0 if not seen
	RTT    [2]uint32 // per [fact.Leg]: the shortest round trip so far, µs; 0 unknown
}

// Start begins the log of a direction.
func (l *Log) Start(o Origin) {
	l.started = true
	l.isn, l.next, l.una, l.clean = o.ISN, o.Next, o.Next, o.Next
	l.contig, l.minRTT = o.Contig, o.RTT
	l.unit = ethernet
	if o.MSS >= minMSS {
		l.unit = uint32(o.MSS)
	}
	l.begin(o.Start, false)
	seg := l.segment()
	seg.Before, seg.Bytes = o.Before, o.Before
	l.lastTime = o.Start
}

// Reset empties the log for another flow and keeps its memory.
func (l *Log) Reset() {
	ev := l.spare
	for i := range l.bulk.Segments {
		s := &l.bulk.Segments[i]
		if cap(s.Events) > cap(ev) {
			ev = s.Events
		}
		s.Events = nil
	}
	*l = Log{
		bulk:  fact.Bulk{Segments: l.bulk.Segments[:0]},
		cur:   track{refs: l.cur.refs[:0]},
		prev:  track{refs: l.prev.refs[:0]},
		spare: ev[:0],
	}
}

// Snapshot returns the log as it stands, nil before Start. It shares its
// memory with the log: it is valid until the log is fed or reset.
func (l *Log) Snapshot() *fact.Bulk {
	if !l.started {
		return nil
	}
	l.bulk.MSS = uint16(min(l.unit, 1<<16-1))
	return &l.bulk
}

// Suspect reports whether some segment lost, or once seemed to have lost,
// enough to be judged.
func (l *Log) Suspect() bool { return l.worst >= suspectLosses }

// Lossy reports whether anything was ever lost, or seemed to be.
func (l *Log) Lossy() bool { return l.worst > 0 }

// Bytes returns the memory the log holds.
func (l *Log) Bytes() int {
	n := int(unsafe.Sizeof(*l)) + cap(l.bulk.Segments)*int(unsafe.Sizeof(fact.Segment{}))
	events := cap(l.spare)
	for i := range l.bulk.Segments {
		events += cap(l.bulk.Segments[i].Events)
	}
	refs := cap(l.cur.refs) + cap(l.prev.refs)
	return n + events*int(unsafe.Sizeof(fact.Event{})) + refs*int(unsafe.Sizeof(ref{}))
}

// rtt is the smallest round trip from end to end, µs, 0 unknown.
func (l *Log) rtt() uint32 { return l.minRTT[fact.LegDown] + l.minRTT[fact.LegUp] }

// before reports whether sequence number a comes before b (RFC 9293, 3.4).
func before(a, b uint32) bool { return int32(a-b) < 0 }

// Losses returns how many losses the log holds evidence of.
func (l *Log) Losses() (n uint32) {
	for i := range l.bulk.Segments {
		n += l.bulk.Segments[i].Losses
	}
	return n
}
