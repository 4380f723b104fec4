package finding

import (
	"maps"
	"slices"
)

// Input names what a finding would have needed to tell more. The list is closed: each
// has a sentence in [Input.Settles], and schema.json lists them.
type Input string

// The inputs that can be missing. Most have the name of the blindness they go with
// ([BlindText]).
const (
	// Of the capture.
	LacksGapless   Input = "capture_gap"   // packets that the capture itself lost
	LacksDrops     Input = "kernel_drops"  // packets that the capture says it lost
	LacksDirection Input = "one_way"       // the other direction
	LacksBeginning Input = "midstream"     // the packets before the capture began
	LacksEnd       Input = "capture_ended" // the time after it ended
	LacksRest      Input = "truncated"     // what lay behind where the file breaks off
	LacksClock     Input = "clock_step"    // times that can be compared
	LacksHeaders   Input = "synthetic"     // the network's own headers
	LacksMemory    Input = "evicted"       // the flow after it was forgotten
	LacksSequel    Input = "unwitnessed"   // how the connection went on and ended
	LacksClient    Input = "server_tap"    // the client's side: the tap is beyond the path
	LacksReceiver  Input = "own_end"       // the inside of the host that was captured

	// Of what happened beside it.
	LacksControl     Input = "no_control"      // something of others that worked, or ran faster, meanwhile
	LacksQUICControl Input = "no_quic_control" // QUIC of others that worked
	LacksSmall       Input = "mtu"             // small packets that were lost, or full-size ones that passed
	LacksUse         Input = "idle_timeout"    // a connection that had not idled before
	LacksDemand      Input = "good_bye"        // a question that was open
	LacksHost        Input = "local_drop"      // a host that drops nothing of it itself

	// Of rates.
	LacksRoundTrips  Input = "no_rtt"         // round trips before the losses
	LacksQueue       Input = "queue_unseen"   // round trips of the way on which the data may wait
	LacksBucket      Input = "small_bucket"   // a bucket deeper than a queue of a few packets
	LacksAllFlows    Input = "shared_bucket"  // one account for all flows that lost together
	LacksHidden      Input = "hidden_traffic" // traffic that drains the same bucket and was not followed
	LacksFaster      Input = "no_level_shift" // a time in which the same transfer was faster
	LacksSteadiness  Input = "recovered"      // a limit that holds
	LacksUndisturbed Input = "contention"     // a time in which nothing else took its part
)

// settles says of each input what would supply it.
var settles = map[Input]string{
	LacksGapless:   "the same captured with a larger buffer, or on a host that keeps up",
	LacksDrops:     "the same captured with a larger buffer, or on a host that keeps up",
	LacksDirection: "a capture of both directions",
	LacksBeginning: "a capture that begins before the app is opened",
	LacksEnd:       "a capture that goes on for two minutes after it stops",
	LacksRest:      "the whole file",
	LacksClock:     "a capture on a host whose clock is not set meanwhile",
	LacksHeaders:   "a capture of the packets themselves, instead of what a proxy or an app wrote down",
	LacksMemory:    "the same with more --memory, or a capture of fewer flows",
	LacksSequel:    "a capture that goes on until the connection is closed, and loses nothing",
	LacksClient:    "a capture at the client, or the server's own log",
	LacksReceiver:  "a capture at the other end, or live on this host, whose kernel then says what it drops",

	LacksControl:     "another app used meanwhile, in the same capture",
	LacksQUICControl: "a site of somebody else over QUIC, in the same capture",
	LacksSmall:       "a request to the same server that fits into a small packet",
	LacksUse:         "the same without the pause",
	LacksDemand:      "the same while something is asked for",
	LacksHost:        "the same after this host drops nothing of it any more",

	LacksRoundTrips:  "the same with TCP timestamps on, or captured at the other end as well",
	LacksQueue:       "the same with TCP timestamps on and both directions captured, or captured at the other end as well",
	LacksBucket:      "the same after a pause, in which a bucket fills and a queue does not, or captured at both ends",
	LacksAllFlows:    "the same transfer alone",
	LacksHidden:      "the same transfer alone, or a capture of all that the client moves",
	LacksFaster:      "another transfer of the client meanwhile, or a capture from before the transfer begins",
	LacksSteadiness:  "a longer transfer, with another one beside it",
	LacksUndisturbed: "the same transfer alone",
}

// Settles says what would supply the input, "" if it is none of the list.
func (i Input) Settles() string { return settles[i] }

// Inputs lists all that can be missing, sorted.
func Inputs() []Input { return slices.Sorted(maps.Keys(settles)) }

// Missing is an input that a finding lacks.
type Missing struct {
	Code    Input  `json:"code"`
	Text    string `json:"text"`    // what is missing here, and what cannot be told for it
	Settles string `json:"settles"` // what would supply it
}

// Miss adds an input that the finding lacks, each once. A finding that is inconclusive
// has at least one.
func (f *Finding) Miss(code Input, text string) {
	if !slices.ContainsFunc(f.Missing, func(m Missing) bool { return m.Code == code }) {
		f.Missing = append(f.Missing, Missing{Code: code, Text: text, Settles: code.Settles()})
	}
}
