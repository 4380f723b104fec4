package fact

import (
	"net/netip"
	"slices"

	"chokepoint/classify/known"
	"chokepoint/classify/service"
)

// Bounds of what the world remembers.
const (
	// MaxControls is how many live flows are remembered as controls.
	MaxControls = 4096
	// MaxFailures is how many failures are remembered for repetition.
	MaxFailures = 1024
	// LongFlow is how much a server must have sent for its flow to be a long one,
	// payload bytes (resets-and-drops, D4): no flow that is frozen gets so far.
	LongFlow = 100_000
	// FailureMemory is how long a failure counts for repetition, ns: the rule
	// asks for 60 s between two of them.
	FailureMemory = 120_000_000_000
)

// Scarcity is by how many powers of two less the world remembers than its bounds allow.
type Scarcity uint8

// fullMemory is the least budget under which the world remembers all that it may, bytes:
// some 20 MB.
const fullMemory = 64 << 20

// maxScarcity leaves a sixteenth: a cluster of flows and its controls.
const maxScarcity = 4

// ScarcityOf is what a budget for flows asks for, bytes.
func ScarcityOf(budget int64) (s Scarcity) {
	for ; s < maxScarcity && budget<<s < fullMemory; s++ {
	}
	return s
}

func (s Scarcity) of(n int) int { return n >> s }

// Control is a flow that made two-way progress in a time window: proof that
// the link, the host and the capture worked meanwhile.
type Control struct {
	Flow        FlowID
	Service     string // "" unknown
	Owner       string // service family, else service, else "" (compare Server then)
	Server      netip.Addr
	Client      netip.Addr
	Name        string // SNI, Host or query name; foreign text
	Port        uint16 // of the server
	Proto       uint8
	If          uint16
	First, Last int64  // progress in both directions was seen in this span, ns
	Bytes       uint64 // payload bytes the server had sent by Last
	Unseen      bool   // the server was not captured: the client acknowledges what it sends
}

// ControlQuery asks for controls of a failing flow. Zero fields do not
// restrict.
type ControlQuery struct {
	From, To  int64 // the spans must overlap, ns
	Client    netip.Addr
	NotOwner  string // flows of this owner do not count
	NotServer netip.Addr
	Server    netip.Addr // only flows to this server: same address, other name
	NotName   string
	NotFlow   FlowID
	Proto     uint8
	If        uint16
}

// OnlyClients reports that no server was captured in all the capture so far.
func (w *World) OnlyClients() bool {
	return len(w.Controls) > 0 && len(w.Resolvers) == 0 &&
		!slices.ContainsFunc(w.Controls, func(c Control) bool { return c.Flow != 0 && !c.Unseen })
}

// ControlsFor lists up to limit controls that match, newest first.
func (w *World) ControlsFor(q ControlQuery, limit int) []Control {
	var out []Control
	for i := len(w.Controls) - 1; i >= 0 && len(out) < limit; i-- {
		if last := w.Controls[i].Last; last != 0 && last < q.From-controlSlack {
			break // older still from here on
		}
		if c := &w.Controls[i]; q.match(c) {
			out = append(out, *c)
		}
	}
	return out
}

func (q *ControlQuery) match(c *Control) bool {
	switch {
	case c.Flow == 0, c.Last < q.From || q.To != 0 && c.First > q.To,
		c.If != q.If,
		q.NotFlow != 0 && c.Flow == q.NotFlow,
		q.Proto != 0 && c.Proto != q.Proto,
		q.Client.IsValid() && c.Client != q.Client,
		q.NotOwner != "" && c.Owner == q.NotOwner,
		q.NotServer.IsValid() && (c.Server == q.NotServer || local(c.Server) && !local(q.NotServer)),
		q.Server.IsValid() && c.Server != q.Server,
		q.NotName != "" && c.Name == q.NotName:
		return false
	}
	return true
}

// local reports whether an address lies on this side of the network that is in
// question: what works there proves nothing of the path beyond.
func local(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast()
}

// Server is what the SYN/ACKs of one address had in common.
type Server struct {
	TTL   uint8 // the mode
	Count int   // SYN/ACKs beyond doubt of that TTL: those with it less those without

	RTT    int64 // the shortest round trip of the tap to it in ServerMemory, ns
	RTTs   int   // handshakes that it was taken from
	LastAt int64 // when the latest of them was told, ns
}

// ServerMemory is how long a round trip to a server counts without another, ns
// (resets-and-drops, R2).
const ServerMemory = 600_000_000_000

// SawRTT takes in the round trip of a handshake, ns.
func (s *Server) SawRTT(rtt, now int64) {
	if s.RTTs == 0 || now-s.LastAt > ServerMemory {
		s.RTT, s.RTTs = rtt, 0
	}
	s.RTT, s.LastAt = min(s.RTT, rtt), now
	s.RTTs++
}

// NameFact is what several resolvers and transports said about one name.
type NameFact struct {
	Name    string
	Answers []NameAnswer // newest last, at most 16
	Open    []NameQuery  // without an answer, in the order they were sent, at most MaxOpen
}

// NameAnswer is one resolver's word on a name, for A or AAAA.
type NameAnswer struct {
	Resolver netip.Addr
	TCP      bool
	QType    uint16
	Rcode    uint8
	Addrs    []netip.Addr
	Odd      bool // it cannot be so
	Num      uint64
	Time     int64
	Client   netip.Addr
	Flow     FlowID
}

// Failure is a finding of at least suspected that says a flow failed; the
// world keeps them so that repetition can be told (same kind, same stage).
type Failure struct {
	Finding string // its id
	Flow    FlowID
	Kind    string // finding kind
	Stage   string // connect, hello, midflow, dns
	Verdict string
	Service string
	Owner   string // as in [Control]
	Server  netip.Addr
	Port    uint16 // of the server
	Proto   uint8
	Name    string
	Said    string // the name that the client said in the clear, "" none
	JA4     string
	Reached string // how far the flow had come: see [Stage]
	Client  netip.Addr
	If      uint16
	Start   int64 // of the flow, ns
	From    int64 // since when it failed: the last progress before a silence, ns
	Time    int64 // until when it was seen to fail, ns
	Num     uint64
	Hearsay bool // only one direction was captured: the finding is as sure as that allows, less a step
	Forged  bool // the finding shows packets that neither end makes, or a third party's own words

	// How much had passed when it stopped, midflow: wire segments and payload bytes.
	AfterPackets, AfterBytes uint64
	// Between which times it was cut, midflow, ns: after the last that was heard, and
	// before the first that was not answered.
	CutFrom, CutBy int64
}

// World is what is known beyond one flow. It is merged in packet order at
// ticks, at whole seconds of packet time; between them it does not change. Detectors only read it.
type World struct {
	Now       int64
	Vantage   string // host, gateway, span, server, unknown
	Blind     Blindness
	Rules     *service.Rules
	Controls  []Control // by Last, newest last
	Resolvers map[netip.Addr]*Resolver
	Names     map[string]*NameFact
	Failures  []Failure  // by Time, newest last
	ForgedIPs *known.IPs // what the user knows of forged answers; nil: nothing
	Frozen    []Failure  // flows that stopped, those included of which only a good-bye tells; newest last
	Attempts  Attempts   // what came of attempts, with what name and hello

	// Scarce says that less is remembered than the bounds allow, as the budget is small.
	Scarce Scarcity

	// MOS has an opinion score added to findings about calls.
	MOS bool
	// Terse spares detectors the reasons that only --why-not prints.
	Terse bool
	// Strays are packets that this host dropped before the tap, up to MaxStrays.
	Strays map[StrayKey]*Stray
	// Servers is what the handshakes with an address had in common.
	Servers map[netip.Addr]*Server

	// Shared is what bulk flows showed beside others of their client.
	Shared []SharesBucket

	// Talks is conversations over UDP, oldest first.
	Talks []Talk

	// Rates is directions that moved much, in the order in which they were first told
	// of, and RatesRev how often anything of them was told.
	Rates    []*RateSeries
	RatesRev uint64

	passed     map[Passer]*stretches // by client and interface
	passedLook int64                 // when clients may be forgotten again, ns
	passedFrom int64                 // since when they were all heard of, at least, ns

	streams   map[StreamKey][2]FlowID
	streamAge []StreamKey     // oldest first
	latest    map[FlowID]int  // of Controls: a flow's newest entry
	talkAt    map[FlowID]int  // of Talks
	rateAt    map[rateKey]int // index of Rates
	rateSpare []*RateSeries   // forgotten, to be used again
	beside    map[besideKey]*Beside
}

// controlGap is the longest silence within one span of progress, ns: twice the
// time between two reports of a flow.
const controlGap = 10_000_000_000

// controlSlack is how far the order of Controls may be off: packets of one tick
// come in the order of their numbers, not of their times, ns.
const controlSlack = 2_000_000_000

// SawControl takes in that a flow made progress. Calls come by time. An older
// span of the same flow is continued, or left to stand beside the new one.
func (w *World) SawControl(c Control) {
	if w.latest == nil {
		w.latest = map[FlowID]int{}
	}
	if i, ok := w.latest[c.Flow]; ok {
		if old := &w.Controls[i]; c.First-old.Last <= controlGap {
			c.First = old.First
			*old = Control{} // superseded: matches no query
		}
	}
	if len(w.Controls) >= 2*w.Scarce.of(MaxControls) {
		w.compact()
	}
	w.latest[c.Flow] = len(w.Controls)
	w.Controls = append(w.Controls, c)
}

// compact keeps the newest half of the controls.
func (w *World) compact() {
	kept := slices.DeleteFunc(w.Controls, func(c Control) bool { return c.Flow == 0 })
	if n := len(kept) - w.Scarce.of(MaxControls); n > 0 {
		kept = slices.Delete(kept, 0, n)
	}
	clear(w.latest)
	for i := range kept {
		w.latest[kept[i].Flow] = i
	}
	w.Controls = kept
}

// Parties counts the owners, or servers without one, that controls reached.
func (w *World) Parties() int {
	seen := map[string]bool{}
	for i := range w.Controls {
		switch c := &w.Controls[i]; {
		case c.Flow == 0:
		case c.Owner != "":
			seen[c.Owner] = true
		default:
			seen[c.Server.String()] = true
		}
	}
	return len(seen)
}
