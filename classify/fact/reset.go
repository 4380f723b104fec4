package fact

import "time"

// Reset is one RST as it stood against its flow when it arrived.
type Reset struct {
	Num  uint64
	Time int64
	Dir  Dir // who is claimed to have sent it

	Flags      uint16
	Seq, Ack   uint32
	HasAck     bool
	Window     uint16
	TTL        uint8
	IPID       Opt[uint16]
	DF         bool
	TOS        uint8
	OptsLen    uint8
	TSval      Opt[uint32]
	TSecr      Opt[uint32]
	MSS        bool // it carries the MSS option, which belongs on SYNs
	MPTCPRST   bool
	PayloadLen uint32
	Payload    []byte // first bytes, at most 32

	// SeqAhead is seq minus the highest sequence end of that side before it
	// (serial arithmetic): 0 in sequence, negative behind, positive ahead.
	SeqAhead Opt[int32]
	// AckAhead is ack minus the other side's highest sequence end: positive
	// acknowledges bytes never sent.
	AckAhead Opt[int32]
	// Covers is the newest client (other side's) payload its ack covers, and
	// CoverAge the time since that payload was first sent. Only with HasAck.
	Covers   Mark
	CoverAge Opt[time.Duration]
	// PrevSame is when its claimed sender had last sent anything, PrevOther
	// the same for the other side; ns, 0 = never.
	PrevSame, PrevOther int64
	PrevOtherNum        uint64
	PrevOtherIPID       Opt[uint16] // of the other side's last packet: the trigger
	PrevOtherTTL        uint8
	// Offenders is how many packets the other side had sent in the last
	// 1.5 RTT (or 200 ms without one): a closed socket answers each.
	Offenders uint32
	// Late is how many older packets of the other side carry its number as their
	// acknowledgement: on a slow host a reply trails what it answers by more than the
	// path takes. Forgotten says that there may be more than are remembered.
	Late      uint32
	Forgotten bool
	// Fit is where it fell in its addressee's window (RFC 5961 section 3.2).
	Fit Fit
	// Heard is the other side's payload that its timestamp echo shows to have
	// arrived, though its acknowledgement does not cover it (RFC 7323 section 4.3).
	Heard Mark
	// AckEchoes: seq equals an acknowledgement number the other side sent
	// within its last 8 packets (a "no socket" reply takes seq from there).
	AckEchoes bool
	// SegBoundary: seq is the start or end of a segment of its side.
	SegBoundary bool
	FINBefore   [2]bool // FIN seen from each side before it
	RSTBefore   [2]bool
	HandshakeOK bool   // the three-way handshake was complete
	SYNOnly     bool   // answers a SYN: no SYN/ACK seen yet
	GapBefore   bool   // the capture had lost packets of this flow before it
	UpBytes     uint64 // payload so far
	DownBytes   uint64
	UpPackets   uint32
	DownPackets uint32
}

// Fit is where a reset fell in its addressee's receive window, as the tap can tell:
// only an exact one ends a connection, one elsewhere in the window is challenged,
// one outside is dropped (RFC 5961 section 3.2).
type Fit uint8

// Places in a window.
const (
	FitUnknown Fit = iota
	FitExact
	FitInside
	FitOutside
)

// FIN is one FIN as it stood when it arrived.
type FIN struct {
	Num        uint64
	Time       int64
	Dir        Dir
	Seq        uint32
	PayloadLen uint32
	Flags      uint16
	TTL        uint8
	IPID       Opt[uint16]
	SeqAhead   int32 // against the highest end of its side before it
	CoverAge   Opt[time.Duration]
	Covers     Mark
}

// After is what the claimed sender of the first RST (or FIN) went on to do.
// Packets within the reorder guard after it are counted in Guarded only.
type After struct {
	NewData      uint32 // segments with bytes beyond what it had sent
	FirstNew     Mark
	LastNew      Mark
	NewPackets   []uint64 // up to 4
	AcksLater    bool     // one of them acknowledges bytes the peer sent after the RST
	TSLater      bool     // one carries a TSval later than before the RST by at least the elapsed time / 2
	SYNACK       Mark     // a SYN/ACK after the RST
	Repeats      uint32   // retransmissions, keepalives and pure ACKs
	Guarded      uint32
	PeerData     uint32 // new data of the other side after it
	ChallengeAck Mark   // of the receiver of an in-window RST, with nothing else that it could answer
}
