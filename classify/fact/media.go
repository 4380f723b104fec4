package fact

import "time"

// Bounds of what is kept of a call's media.
const (
	// MediaSpan is how long a window is that a call is judged by, ns
	// (rate-and-calls, section 2.9).
	MediaSpan = 10_000_000_000
	// MediaSources is how many sources of one direction are followed; the packets of
	// others are counted.
	MediaSources = 4
	// LossRuns is how many lengths of runs of lost packets are told apart: the last
	// is that long or longer (VoIPmonitor keeps as many).
	LossRuns = 10
	// MaxHoles is how many holes of a direction are named; the rest is counted.
	MaxHoles = 8
	// MediaSeconds is for how many seconds back the rate of media is known.
	MediaSeconds = 64
)

// Bounds of a bad window: what listeners notice (rate-and-calls, section 2.9).
const (
	BadLoss   = 0.05
	BadJitter = 50 * time.Millisecond
	BadRun    = 200 * time.Millisecond
	// BadGaps holes of at least MediaGap in one window make one bad where the media
	// have no numbers (section 2.10).
	BadGaps  = 3
	MediaGap = 200 * time.Millisecond
)

// Call is what is known of the media in a flow that carries a call.
type Call struct {
	Late   bool   // media had passed before its record was made
	Merged uint32 // datagrams of merged frames whose headers were not captured
	Ways   [2]MediaWay
	Trips  MediaTrips
}

// MediaWay is the media of one direction.
type MediaWay struct {
	Media   uint32 // datagrams that are neither STUN nor of a handshake
	RTP     uint32 // those of the sources below
	Others  uint32 // RTP of sources beyond them
	First   Mark
	Last    Mark
	Sources []MediaSource // in the order of their acceptance

	Runs  [LossRuns]uint32 // runs of lost packets, by length less one
	Holes []Mark           // packets that ended a hole in the numbers, or a silence, up to MaxHoles
	Held  BadSpan          // windows by numbers and timestamps
	Gaps  MediaGaps        // what shows without them

	Seconds Seconds      // bytes by second
	Events  []MediaEvent // since losses began, nil: nothing was lost
}

// Seen is how much of the direction's media has numbers that are followed, 0 to 1.
func (w *MediaWay) Seen() float64 { return float64(w.RTP) / float64(max(w.Media, 1)) }

// Lost sums over the sources that carry media.
func (w *MediaWay) Lost() (expected, lost, runs uint32) {
	for i := range w.Sources {
		if s := &w.Sources[i]; !s.Repairs {
			expected, lost, runs = expected+s.Expected, lost+s.Lost, runs+s.Runs
		}
	}
	return expected, lost, runs
}

// MediaSource is one RTP source (SSRC) as its receiver counts (RFC 3550, appendix A).
type MediaSource struct {
	SSRC    uint32
	Type    uint8  // payload type, the latest
	Clock   uint32 // units per second, 0 not known
	Repairs bool   // it has another's timestamps: retransmissions or FEC (RFC 4588)

	Expected   uint32 // packets, by the numbers
	Lost       uint32 // those that never came, or more than 64 packets late
	Twice      uint32
	Misordered uint32 // came after a later one
	Restarts   uint32 // the numbers began anew

	Jitter time.Duration // RFC 3550, section 6.4.1, as of the last packet; 0 where the clock is not known

	Runs    uint32 // of lost packets
	Longest uint32 // packets of the longest
	// Bursts of loss (RFC 3611, section 4.7.2, Gmin 16): how many, and the packets
	// lost and expected in them.
	Bursts, BurstLost, BurstLen uint32

	Told RemoteLoss // what the far end reported of it in the clear
}

// Share is lost of expected.
func (s *MediaSource) Share() float64 { return float64(s.Lost) / float64(max(s.Expected, 1)) }

// BurstRatio is the mean run of loss over that of independent loss (ITU-T G.107,
// section 7.7): 1 for random loss, 0 without any.
func (s *MediaSource) BurstRatio() float64 {
	if s.Runs == 0 {
		return 0
	}
	return float64(s.Lost) / float64(s.Runs) * (1 - s.Share())
}

// RemoteLoss is the latest report block about a source (RFC 3550, section 6.4.1).
type RemoteLoss struct {
	Reports  uint32 // 0: none was seen
	Lost     int32
	Fraction uint8  // since the report before, of 256
	Jitter   uint32 // units of the clock
	At       Mark
}

// BadSpan sums up the windows of a direction's sources.
type BadSpan struct {
	Windows     uint32
	Loss        uint32 // bad windows, by what they are bad for; one may be for several
	Jitter      uint32
	Run         uint32
	Bad         uint32
	First, Last int64 // the bad ones, ns

	Expected, Lost, Runs uint32 // in bad windows
	Longest              time.Duration
	WorstJitter          time.Duration // mean of a window
}

// MediaGaps is what the spacing of datagrams tells.
type MediaGaps struct {
	Spacing time.Duration // the median
	Size    uint32        // the median of the datagrams, bytes
	Per100  uint32        // the median of datagrams in 100 ms

	// Silences of [MediaGap] and more amid even media, by what came after: nothing of
	// what was missing, or all of it at once (it was held up, not lost). Pauses are
	// the others: the sender had grown quiet before or did not go on after.
	Holes, Delays, Pauses uint32
	Longest               time.Duration // of Holes
	Windows, Bad          uint32
	First, Last           int64 // the bad ones, ns
	BadHoles              uint32
	Silent                time.Duration // sum of Holes in bad windows
}

// Seconds is bytes and packets by second of packet time, the newest last.
type Seconds struct {
	From  int64 // of the first, ns
	Bytes []uint32
	Large []uint32 // bytes of datagrams that are pictures by their size
}

// MediaTrips is round trips of questions and answers on a call's own flow, by
// transaction: STUN's, and a reflector's hello.
type MediaTrips struct {
	N          uint32
	Unanswered uint32
	Floor      time.Duration
	P90        time.Duration
}

// MediaEvent is one datagram on its way to the tap, seen or inferred from a hole in
// the numbers.
type MediaEvent struct {
	Time  int64 // ns; of an inferred one the arrival before the hole
	Num   uint64
	Delay int32  // how much later than its timestamp says, beside an early packet of its source, µs
	Len   uint16 // IP bytes
	Seq   uint16
	Src   uint8 // index of the source, +1; 0 none
	Timed bool  // Delay is known
	Lost  bool
	Void  bool // it came after all
}
