package fact

// Ask is what a client of UDP waits an answer for.
type Ask uint8

// What clients ask for, by the datagrams that ask.
const (
	AskNothing   Ask = iota
	AskOther         // nobody here can read it
	AskQUIC          // an Initial (RFC 9000 section 17.2.2)
	AskBinding       // its own address, of a STUN server (RFC 8489)
	AskCheck         // whether a peer can be reached: ICE's check (RFC 8445 section 7)
	AskRelay         // a relay's services: TURN (RFC 8656), WhatsApp's own
	AskReflector     // a path through Telegram's relays
	AskDTLS          // keys (RFC 6347)
)

var askNames = [...]string{"nothing", "datagram", "QUIC Initial", "STUN request", "ICE check", "relay request", "reflector hello", "DTLS hello"}

// String returns what is sent, as people call it.
func (a Ask) String() string { return askNames[a] }

// Relay reports whether it is asked of relays and of nobody else.
func (a Ask) Relay() bool { return a == AskRelay || a == AskReflector }

// Bounds of what is kept of a conversation of datagrams.
const (
	// MaxRounds is how many of the rounds of asking are named; the rest is counted.
	MaxRounds = 8
	// RoundGap is the least time between two rounds of asking, ns: what is sent
	// within is one round (a probe timeout sends two datagrams, RFC 9002 section
	// 6.2.4; the shortest of them is some 150 ms where no round trip is known).
	RoundGap = 80_000_000
	// AskedEnough is how many rounds of asking tell that an answer is missing.
	AskedEnough = 3
	// FlightFull is how many full datagrams must have come last for the far end to
	// have stopped within a flight: what ends of itself ends in a shorter one, but
	// for one time in a thousand.
	FlightFull = 3
	// Bulky is how much a transfer must have brought to show that none is cut after
	// a few kilobytes, bytes (rate-and-calls, 2.6: checkers count 64 KB as passed).
	Bulky = 64 << 10
)

// Datagrams is what is known of a conversation over UDP beside its counts. Media
// is what is neither STUN nor a handshake.
type Datagrams struct {
	Late bool // what came before its record was made is not known

	First  Ask        // what the client asked for at first
	Ask    Ask        // the latest
	Rounds Mute       // of asking, since the far end was heard last
	Keys   [2]Stretch // DTLS handshake messages of each side, rounds of hellos for the client's

	Heard  Mark      // the far end's latest datagram; Num 0: none ever
	Before [2]Amount // what each side had sent by then
	Since  Stretch   // what the client sent since

	Media      [2]Stretch
	SinceMedia Stretch // media of the client since the far end's latest media
	PeerChecks uint32  // ICE checks of the peer: it is there, and hears us or soon will
	Longest    uint32  // payload of the far end's longest datagram, bytes
	Full       uint32  // how many of its latest, without a break, were as long
}

// Amount is wire segments and their payload, bytes.
type Amount struct{ Packets, Bytes uint64 }

// Stretch is datagrams of one kind and side: how many, the first and the latest.
type Stretch struct {
	Count       uint32
	First, Last Mark
}

// Add notes one more.
func (s *Stretch) Add(at Mark) {
	if s.Count == 0 {
		s.First = at
	}
	s.Last = at
	s.Count++
}

// PerSecond is the rate of a stretch, 0 if it has no length.
func (s *Stretch) PerSecond() float64 {
	span := s.Last.Time - s.First.Time
	if span <= 0 {
		return 0
	}
	return float64(s.Count-1) * 1e9 / float64(span)
}

// Mute is a question that has no answer so far.
type Mute struct {
	Stretch // rounds, not datagrams
	named   [MaxRounds]Mark
}

// Add notes a round.
func (m *Mute) Add(at Mark) {
	if m.Count < MaxRounds {
		m.named[m.Count] = at
	}
	m.Stretch.Add(at)
}

// Marks lists the first rounds, and the latest.
func (m *Mute) Marks() []Mark {
	n := min(m.Count, MaxRounds)
	if m.Count > MaxRounds {
		return append(append([]Mark{}, m.named[:n]...), m.Last)
	}
	return append([]Mark{}, m.named[:n]...)
}
