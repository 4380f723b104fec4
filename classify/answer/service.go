package answer

import (
	"time"

	"chokepoint/classify/finding"
)

// Status of a service (contract, "Records").
type Status string

// The statuses.
const (
	OK           Status = "ok"
	Blocked      Status = "blocked"
	Throttled    Status = "throttled"
	Degraded     Status = "degraded"
	Failing      Status = "failing"
	Inconclusive Status = "inconclusive"
	Unseen       Status = "unseen"
)

// What was seen of a service ([Service.Works]).
const (
	WorksYes    = "yes"
	WorksPartly = "partly"
	WorksNo     = "no"
	WorksUnseen = "unseen"
)

// The judgement on where a fault lies ([Service.Cause]).
const (
	CauseInterference = "interference"
	CauseThisHost     = "this_host"
	CauseFirstHop     = "first_hop"
	CausePath         = "path"
	CauseFarEnd       = "far_end"
	CauseOwnPolicy    = "own_policy"
	CauseUnknown      = "unknown"
	CauseNone         = "none"
)

// FunctionAny is the function of flows whose rule does not say which it is:
// they count for the service as a whole.
const FunctionAny = "any"

// Attempts counts connections that were tried and that failed.
type Attempts struct {
	Tried  int `json:"tried"`
	Failed int `json:"failed"`
}

// Clients counts clients that tried and that were affected.
type Clients struct {
	Tried    int `json:"tried"`
	Affected int `json:"affected"`
}

// Step is something to do next.
type Step struct {
	Text         string `json:"text"`
	SendsTraffic bool   `json:"sends_traffic"`
}

// Service is the answer for one service.
type Service struct {
	Type     string     `json:"type"` // always "service"
	Service  string     `json:"service"`
	Name     string     `json:"name"`               // as people write it
	Category string     `json:"category,omitempty"` // messenger, social, web, push, ...
	Status   Status     `json:"status"`
	Works    string     `json:"works"` // yes, partly, no, unseen
	Cause    string     `json:"cause"` // interference, this_host, first_hop, path, far_end, own_policy, unknown, none
	Since    *time.Time `json:"since,omitempty"`
	// CoversFrom is since when flows count, in an answer given while the run goes on.
	CoversFrom *time.Time        `json:"covers_from,omitempty"`
	Flows      int               `json:"flows"`
	Attempts   Attempts          `json:"attempts"`
	Clients    Clients           `json:"clients"`
	How        []finding.Kind    `json:"how"`
	Findings   []string          `json:"findings"`
	Functions  map[string]string `json:"functions"`        // chat, media, call, ...: ok, blocked, throttled, degraded, failing, inconclusive, unseen
	Places     map[string]string `json:"places,omitempty"` // dc2, dc4, ...: the same, of those that were seen
	Fits       []string          `json:"fits"`
	CannotTell []finding.Reason  `json:"cannot_tell"`
	Next       []Step            `json:"next"`
	Sentence   string            `json:"sentence"`

	RateDownBps *float64 `json:"rate_down_bps,omitempty"` // best sustained rate seen, IP bytes
	RateUpBps   *float64 `json:"rate_up_bps,omitempty"`
	OpensMs     *float64 `json:"opens_ms,omitempty"` // median handshake RTT
	Loss        *float64 `json:"loss,omitempty"`
	BytesDown   uint64   `json:"bytes_down"`
	BytesUp     uint64   `json:"bytes_up"`
	Controls    int      `json:"controls"` // other parties that worked meanwhile

	// Undecided is how many of the attempts the capture cannot tell the end of.
	Undecided int `json:"undecided,omitempty"`
	// Names counts the queries for the service's names; Attempts are
	// connections only.
	Names Attempts `json:"names"`
	// Rates is the best rate down per function, bits/s of IP bytes; functions
	// that moved too little to tell a rate are not in it.
	Rates map[string]float64 `json:"rates_down_bps,omitempty"`
	// Blind is what could not be seen of what failed, in the words of
	// [fact.Blindness].
	Blind []string `json:"blind,omitempty"`
}
