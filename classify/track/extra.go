package track

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire/tls"
)

// extra is what hangs off a flow on demand.
type extra struct {
	work    *work
	speech  *speech
	vigil   *vigil
	call    *call
	trouble *trouble
	dns     *dnsLog
	local   *fact.Local
	prior   *prior
	bulk    [2]*bulk
	rate    [2]*rate
}

// maxMarks is how many retransmissions are named; the rest is counted.
const maxMarks = 8

// work is the state of a conversation that is alive.
type work struct {
	place

	// What is made new for every flow lies together, in few cache lines.
	helloAt uint32           // sequence number of the client's hello
	firstAt uint32           // the same of its first payload, whatever it is
	greeted fact.Opt[uint32] // timestamp of the SYN/ACK
	shaken  fact.Opt[uint32] // and of the client's answer to it
	control int64            // time of the last control observation, ns
	streams [2]half
	hello   fact.Hello // its lists are marks of the tracker
	records [2]records
	probes  [2]probe
	clocks  [2]tsClock
	stalls  [2]stall
	rtt     [2]rttHist

	heads [2]head
	rings [2]ring
	fins  [2]*parting // of each side, nil: none yet
}

// parting is the first FIN of a side.
type parting struct {
	at  mark // how things stood
	fin fact.FIN
}

// marks are retransmissions of a SYN, or of a hello.
type marks [maxMarks]fact.Mark

// addMark notes one more of them; a list without memory gets some. Those beyond the list's
// room are left out.
func (t *Tracker) addMark(list []fact.Mark, m fact.Mark) []fact.Mark {
	switch {
	case len(list) == maxMarks:
		return list
	case list == nil:
		list = t.marks.get()[:0]
	}
	return append(list, m)
}

// freeMarks takes the memory of a list back.
func (t *Tracker) freeMarks(list []fact.Mark) {
	if list != nil {
		t.marks.put((*marks)(list[:maxMarks]))
	}
}

// probe is a round-trip measurement under way on the leg to a side's receiver.
type probe struct {
	at  int64  // ns
	seq uint32 // covered by the acknowledgement that closes it
	on  bool
}

// tsClock is the latest timestamp option of a side (RFC 7323).
type tsClock struct {
	val  uint32
	seen bool
	at   int64 // ns
}

// records follows TLS record boundaries while both sides have sent little.
type records struct {
	cursor tls.Cursor
	next   uint32 // sequence number the cursor stands at
	on     bool
}

// half is a stream still being parsed.
type half struct {
	buf    *stream.Buffer
	want   int  // bytes in order that must be there before the next try
	tries  int  // segments that could have begun a message and did not
	done   bool // nothing more to be learnt
	late   bool // the beginning of the stream was not seen
	seen   bool // how an answer in the clear came was looked at
	looked int  // bytes of it when lists were asked last
	parser parser
}

// collecting reports whether a message has begun that is not complete.
func (h *half) collecting() bool {
	return !h.done && (h.parser == asTLS || h.parser == unsure && h.buf != nil)
}

// parser says what a stream is being parsed as.
type parser uint8

const (
	unsure parser = iota
	asTLS
	asHTTP
	asDNS
)

// trouble is what detectors of cuts look at.
type trouble struct {
	resets     []fact.Reset
	resetCount [2]uint32
	fins       []fact.FIN
	afterReset [2]fact.After
	afterFIN   [2]fact.After
	resetAt    [2]mark // how things stood when the first reset of a side came
	conflicts  []fact.Conflict
	page       *fact.Page
	icmps      []fact.ICMP
}

// mark is how a flow stood when its first reset or FIN of a side came.
type mark struct {
	set      bool
	ts       bool  // tsval is valid
	inWindow bool  // a reset in the window but not exact: challenged by RFC 5961
	time     int64 // ns
	tsAt     int64 // when the last packet with a timestamp had come, ns
	guard    int64 // reordering explains what comes within it, ns
	next     uint32
	peerNext uint32
	tsval    uint32
}

// Bounds of the lists.
const (
	maxResets    = 8
	maxConflicts = 4
	maxICMPs     = 4
	maxNew       = 4
)
