package classify

import (
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
	"chokepoint/capture/expr"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/known"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// DefaultMemory is the budget of everything that is kept per flow, bytes.
const DefaultMemory = 512 << 20

// Options says how a run is done. The zero value is right for most.
type Options struct {
	Workers int    // goroutines beside the reader; 0 and 1: everything inline
	Memory  int64  // budget, bytes; 0: DefaultMemory
	Vantage string // host, gateway, span, server; "" or "auto": inferred
	All     bool   // records of flows of unknown service too
	Rules   *service.Rules
	// ForgedIPs are addresses known to be those of forged answers; nil: none.
	ForgedIPs *known.IPs
	// BlockPages are answers in the clear known to be those of boxes on the way; nil:
	// none.
	BlockPages *known.Pages
	Filter     *expr.Filter // nil: every packet
	Expect     []string     // services that get an answer even when nothing was seen
	Seed       uint64       // of hash tables; 0: random
	// Interval is how often the answers so far are told, of packet time; 0: only
	// at the end.
	Interval time.Duration
	// Counted takes what was counted until then, whenever the answers so far are told,
	// but not Source, which goes on meanwhile; on the goroutine that sinks are called
	// on. nil: nobody asks.
	Counted func(*Stats)
	// Reload brings new rules, which are taken up at the next tick; what was said
	// by the old ones stands. nil: the rules stay.
	Reload <-chan *service.Rules
	// MOS has an opinion score added to what is found of calls.
	MOS bool
	// Without are groups of detectors that are left out, with what is kept for them:
	// what is found does not depend on it otherwise.
	Without Group
	// Asked are flows whose every judgement is told, with the reasons; nil: none.
	Asked *Asked
}

// Sink takes what a run finds, in an order that does not depend on Workers.
// Flow is called when a flow ends, with the ids of the findings about it; f is
// valid during the call only. Finding is called again for a finding with a
// higher Rev. Service is called at the end, and every Interval, once per service.
type Sink interface {
	Flow(f *fact.Flow, findings []string) error
	Finding(f *finding.Finding) error
	Service(s *answer.Service) error
}

// Stats is what a run counted. All of it is the same on every machine.
type Stats struct {
	Source       capture.Stats
	Packets      uint64 // given to flows
	Filtered     uint64 // not matched by the expression
	Copies       uint64 // duplicated packets dropped
	NoFlow       uint64 // not IP, or fragments that were never joined
	Flows        uint64
	Evicted      uint64 // flows forgotten for lack of memory
	Decode       decode.Counts
	Defrag       defrag.Counts
	Findings     int
	First        time.Time // of the first and last packet
	Last         time.Time
	Vantage      string
	Clients      int                   // addresses that opened flows, counted up to 1000
	Controls     int                   // parties that worked at some time
	Others       answer.Others         // parties without a service
	EncryptedDNS []answer.EncryptedDNS // resolvers whose questions nobody in between reads
	Blind        fact.Blindness
	Sight        track.Sight
	Twins        int // connections seen on both sides of a NAT
}
