package finding

import (
	"net/netip"
	"time"
)

// Kind is what was seen; the list is closed (contract, "Kinds").
type Kind string

// The kinds of findings.
const (
	ResetInjected    Kind = "reset.injected"
	ResetSeen        Kind = "reset.seen"
	PayloadInjected  Kind = "payload.injected"
	DropConnect      Kind = "drop.connect"
	DropHello        Kind = "drop.hello"
	DropMidflow      Kind = "drop.midflow"
	DropQUIC         Kind = "drop.quic"
	DropCall         Kind = "drop.call"
	DropLocal        Kind = "drop.local"
	RatePoliced      Kind = "rate.policed"
	RateShaped       Kind = "rate.shaped"
	RateLimited      Kind = "rate.limited"
	RateDifferential Kind = "rate.differential"
	RateShift        Kind = "rate.shift"
	DNSDenied        Kind = "dns.denied"
	DNSForged        Kind = "dns.forged"
	DNSUnanswered    Kind = "dns.unanswered"
	CallDegraded     Kind = "call.degraded"
	ICMPProhibited   Kind = "icmp.prohibited"
	PathLoss         Kind = "path.loss"
	HostAllowlist    Kind = "host.allowlist"
)

// Kinds are all of them. Callers do not change the list.
var Kinds = []Kind{
	ResetInjected, ResetSeen, PayloadInjected, DropConnect, DropHello, DropMidflow, DropQUIC, DropCall, DropLocal,
	RatePoliced, RateShaped, RateLimited, RateDifferential, RateShift, DNSDenied, DNSForged, DNSUnanswered,
	CallDegraded, ICMPProhibited, PathLoss, HostAllowlist,
}

// Verdict says how sure the finding is (resets-and-drops, section 1).
type Verdict string

// The verdicts, surest first.
const (
	Confirmed    Verdict = "confirmed"    // protocol-impossible for the claimed sender, or an exact injector fingerprint
	Likely       Verdict = "likely"       // several families of evidence agree
	Suspected    Verdict = "suspected"    // one strong sign, or moderate ones in different families
	Unexplained  Verdict = "unexplained"  // seen, cause unknown
	Inconclusive Verdict = "inconclusive" // the capture cannot tell
	Benign       Verdict = "benign"       // a named innocent cause was found
	Withdrawn    Verdict = "withdrawn"    // a later revision takes the finding back
)

// Verdicts are all of them. Callers do not change the list.
var Verdicts = []Verdict{Confirmed, Likely, Suspected, Unexplained, Inconclusive, Benign, Withdrawn}

// Rank orders verdicts by how much they accuse: confirmed 4, likely 3,
// suspected 2, unexplained and inconclusive 1, benign and withdrawn 0.
func (v Verdict) Rank() int {
	switch v {
	case Confirmed:
		return 4
	case Likely:
		return 3
	case Suspected:
		return 2
	case Unexplained, Inconclusive:
		return 1
	}
	return 0
}

// Class is the weight of one piece of evidence.
type Class string

// Evidence classes (resets-and-drops, section 1).
const (
	C Class = "C" // conclusive
	S Class = "S" // strong
	M Class = "M" // moderate
	W Class = "W" // weak
	X Class = "X" // exculpatory
)

// Family groups evidence that cannot corroborate itself: only different
// families add up.
type Family string

// Evidence families (resets-and-drops, section 1).
const (
	Causality    Family = "causality"
	Sequence     Family = "sequence"
	Identity     Family = "identity" // TTL, IPID, DF, DSCP, options, window count as one
	Multiplicity Family = "multiplicity"
	Content      Family = "content"
	Reaction     Family = "reaction"
	Trigger      Family = "trigger"
	Demand       Family = "demand"  // unmet demand of a silent flow
	Control      Family = "control" // another flow that lives meanwhile
	Rate         Family = "rate"    // token-bucket fit, plateau
	Delay        Family = "delay"   // queueing delay, or its absence
)

// Evidence is one observation for or against a finding.
type Evidence struct {
	Code    string   `json:"code"` // detector rule, R1..R13, D1.., N1.., P1..
	Family  Family   `json:"family"`
	Class   Class    `json:"class"`
	Text    string   `json:"text"` // one sentence with figures
	Got     string   `json:"got,omitempty"`
	Want    string   `json:"want,omitempty"`
	Packets []uint64 `json:"packets,omitempty"`
}

// Reason is a code with a sentence: why something could not be told, or what
// was ruled out.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Endpoint is an address and port.
type Endpoint struct {
	IP   netip.Addr `json:"ip"`
	Port uint16     `json:"port"`
}

// Hops is an estimated distance range from the tap, in hops.
type Hops struct {
	Injector *[2]int `json:"injector,omitempty"`
	Server   *[2]int `json:"server,omitempty"`
}

// Direction says whom the offending packets were addressed to.
type Direction string

// Directions of a finding.
const (
	ToClient Direction = "to_client"
	ToServer Direction = "to_server"
	Both     Direction = "both"
)

// Segment says where on the path, seen from the tap.
type Segment string

// Path segments.
const (
	ThisHost       Segment = "this_host"
	ClientSide     Segment = "client_side"
	ServerSide     Segment = "server_side"
	UnknownSegment Segment = "unknown"
)

// Condition is what failures hang on, with the counts that show it:
// failures and successes with the condition, and the same without it. Only the
// aggregate over flows may say "triggered by".
type Condition struct {
	By    string  `json:"by"`    // name, address, fingerprint, protocol, volume, repetition
	Value string  `json:"value"` // the name, address, JA4 ...; foreign text
	With  [2]int  `json:"with"`  // failed, succeeded with the condition
	Other [2]int  `json:"other"` // failed, succeeded without it: the control
	P     float64 `json:"p"`     // Fisher's exact test, one-sided
}

// Beside is a transfer of the same client, in the same direction, while another was
// slow: what the path carries.
type Beside struct {
	Name    string  `json:"name"`     // of its far end, or the address; foreign text
	RateBps float64 `json:"rate_bps"` // bits/s of IP bytes, at its best
}

// Finding is one conclusion with everything it stands on. Packets and times
// refer to the capture; rates are bits per second of IP bytes.
type Finding struct {
	Type string `json:"type"` // always "finding"; set by the report
	ID   string `json:"id"`   // set by the engine
	// Key tells several findings of one kind about one flow apart (a DNS
	// exchange, a reset). The engine uses it to know a finding again.
	Key string `json:"-"`
	Rev int    `json:"rev,omitempty"`
	// Lacks is the one reason for which it is inconclusive, where failures alike may
	// outweigh that.
	Lacks string `json:"-"`

	Kind        Kind    `json:"kind"`
	Verdict     Verdict `json:"verdict"`
	Confidence  float64 `json:"confidence"`
	BenignCause string  `json:"benign_cause,omitempty"`
	Technique   string  `json:"technique,omitempty"`
	Reason      string  `json:"reason,omitempty"` // drop.local: the kernel's name for it
	// ConsistentWith is the published device family whose exact print the packets
	// bear. It names a make of packets, never an owner.
	ConsistentWith string `json:"consistent_with,omitempty"`
	// Stage is how far the flow had come, and Signature what ended it, in the words
	// of Radar's glossary: labels, never evidence.
	Stage     string `json:"stage,omitempty"`
	Signature string `json:"signature,omitempty"`
	// Survived says that what was done did not keep the flow, or the name's user,
	// from what it wanted: a forged reset that the receiver refused, a forged answer
	// after which the right address was used.
	Survived bool `json:"survived,omitempty"`
	// Trigger is what it hangs on, as the counts over many flows show; nil: not shown.
	Trigger *Condition `json:"trigger,omitempty"`

	Service  string    `json:"service,omitempty"`
	Function string    `json:"function,omitempty"`
	Proto    string    `json:"proto"`
	Client   *Endpoint `json:"client,omitempty"`
	Server   *Endpoint `json:"server,omitempty"`
	Name     string    `json:"name,omitempty"` // SNI, Host or qname concerned; foreign text

	Flows     []string  `json:"flows"`
	Controls  []string  `json:"controls"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Direction Direction `json:"direction,omitempty"`
	Segment   Segment   `json:"segment"`
	Vantage   string    `json:"vantage"`
	Summary   string    `json:"summary"`

	For         []Evidence `json:"for"`
	Against     []Evidence `json:"against"`
	RuledOut    []string   `json:"ruled_out"`
	NotRuledOut []string   `json:"not_ruled_out"`
	Blind       []string   `json:"blind"`
	Missing     []Missing  `json:"missing,omitempty"` // inconclusive, rate.limited: what would tell more
	Packets     []uint64   `json:"packets"`
	Filter      string     `json:"filter,omitempty"`
	Hops        *Hops      `json:"hops,omitempty"`

	RateBps      *float64 `json:"rate_bps,omitempty"`      // rate.*: bits/s
	Scope        string   `json:"scope,omitempty"`         // rate.policed of several flows: which share the bucket: network, service, client
	Unit         string   `json:"unit,omitempty"`          // layer the rate counts, "ip" when absent
	BurstBytes   *uint64  `json:"burst_bytes,omitempty"`   // rate.policed
	BeforeBps    *float64 `json:"before_bps,omitempty"`    // rate.shift, rate.shaped by one, rate.policed of a call: bits/s before the rate fell
	AfterBps     *float64 `json:"after_bps,omitempty"`     // and after it
	Ratio        *float64 `json:"ratio,omitempty"`         // rate.differential, rate.shaped by one: rate to that of the controls
	Beside       *Beside  `json:"beside,omitempty"`        // rate.*: the fastest that ran meanwhile
	Loss         *float64 `json:"loss,omitempty"`          // 0..1
	JitterMs     *float64 `json:"jitter_ms,omitempty"`     // call.degraded: RFC 3550 section 6.4.1, the worst window's mean
	BurstRatio   *float64 `json:"burst_ratio,omitempty"`   // call.degraded: mean run of loss over that of independent loss
	MOS          *float64 `json:"mos,omitempty"`           // call.degraded, when asked for: 1 to 4.5, indicative
	AfterPackets *uint64  `json:"after_packets,omitempty"` // drop.midflow: wire segments
	AfterBytes   *uint64  `json:"after_bytes,omitempty"`   // drop.midflow: payload bytes; rate.shift, rate.shaped by one: IP bytes before the rate fell
}
