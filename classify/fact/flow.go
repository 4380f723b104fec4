package fact

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/service"
)

// Dir indexes the two directions of a flow.
type Dir uint8

// Up is client to server, Down server to client, always.
const (
	Up   Dir = 0
	Down Dir = 1
)

// Other returns the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// String returns "up" or "down".
func (d Dir) String() string { return [2]string{"up", "down"}[d&1] }

// FlowID is the number of the flow's first packet; it prints as c000123.
type FlowID uint64

// String returns the id as the records carry it.
func (id FlowID) String() string { return fmt.Sprintf("c%06d", uint64(id)) }

// ParseFlowID reads an id as [FlowID.String] writes it.
func ParseFlowID(s string) (FlowID, bool) {
	digits, ok := strings.CutPrefix(s, "c")
	n, err := strconv.ParseUint(digits, 10, 64)
	return FlowID(n), ok && err == nil
}

// End says why a flow is being looked at, or why it ended.
type End uint8

// Reasons a flow ended.
const (
	StillOpen    End = iota // judged while alive
	EndClosed               // FIN both ways, lingered
	EndReset                // RST, lingered
	EndIdle                 // its lifetime ran out
	EndReuse                // a new SYN with a new ISN took the 4-tuple
	EndEvicted              // the memory budget ran out
	EndOfCapture            // the input ended
)

var endNames = [...]string{"open", "closed", "reset", "idle", "reused", "evicted", "capture_ended"}

// String returns the reason in snake_case.
func (e End) String() string { return endNames[e] }

// Blindness is what could not be seen of a flow, or of the capture around it.
type Blindness uint32

// Kinds of blindness.
const (
	BlindMidstream    Blindness = 1 << iota // no SYN seen
	BlindOneWay                             // only one direction was captured
	BlindSnaplen                            // payload was cut by the snaplen
	BlindGap                                // the capture itself lost packets: a peer acknowledges what was never captured
	BlindEvicted                            // forgotten before its end
	BlindCaptureEnded                       // the input ended while the question was open
	BlindClockStep                          // capture time stepped back by more than 1 s
	BlindKernelDrops                        // the capture reports lost packets
	BlindSynthetic                          // headers look made up by the recorder
	BlindNoRTT                              // no clean round-trip sample
	BlindTruncated                          // the input broke off
	BlindHostFilter                         // a capture filter or expression may hide controls
)

var blindNames = []string{"midstream", "one_way", "snaplen", "capture_gap", "evicted", "capture_ended", "clock_step",
	"kernel_drops", "synthetic", "no_rtt", "truncated", "host_filter"}

// Names lists the set bits in the records' words.
func (b Blindness) Names() []string {
	var out []string
	for i, n := range blindNames {
		if b&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// Mark is a packet worth remembering.
type Mark struct {
	Num    uint64 // 0: not seen
	Time   int64  // ns
	SeqEnd uint32
}

// RTT sums up clean round-trip samples of one leg, tap to one end and back
// (RFC 6298 section 3: never from a retransmitted range).
type RTT struct {
	Handshake Opt[time.Duration] // SYN to SYN/ACK (server leg) or SYN/ACK to ACK (client leg)
	Min       Opt[time.Duration]
	P50       Opt[time.Duration]
	Samples   uint32
}

// Side is what one direction of a flow sent. Counts are wire segments.
type Side struct {
	Packets uint64
	Payload uint64 // payload bytes, retransmissions included
	IPBytes uint64 // innermost IP bytes

	SYN, FIN    Mark // first of each
	SYNCount    uint32
	ISN         Opt[uint32]
	NextSeq     uint32 // highest sequence end seen (SND.NXT), valid when TCP was seen
	Contig      uint32 // highest in-order end (the receiver's RCV.NXT if nothing was lost after the tap)
	MaxAck      uint32 // highest acknowledgement this side sent
	HasAck      bool
	First, Last Mark  // first payload, latest new payload
	LastAny     int64 // time of the last packet of this side, ns; 0 none

	Retrans      uint32 // segments whose bytes had been seen before
	OutOfOrder   uint32 // segments that filled a hole soon enough to be reordering
	Holes        uint32 // segments missing when they should have passed: lost before the tap
	DupAcks      uint32
	ZeroWindow   uint32     // zero-window advertisements
	Window       Opt[int64] // last advertised, bytes after scaling
	WScale       Opt[uint8]
	MSS          Opt[uint16]
	SACKOK, TSOK bool
	MPTCP        bool

	TTL         Opt[uint8] // mode over non-RST packets
	TTLMin      uint8
	TTLMax      uint8
	TTLs        [4]uint8 // up to four values seen on >= 2 non-RST packets (ECMP), 0 = none
	IPID        IPIDClass
	LastIPID    Opt[uint16]
	DF          Opt[bool]
	TOS         Opt[uint8]
	LastTSval   Opt[uint32]
	LastTSvalAt int64
	TLSRemain   Opt[int]    // bytes missing of the TLS record this side is in the middle of
	PeakBps     float64     // most IP bytes in one second, as bits/s
	RTT         RTT         // of the leg to the receiver of this direction
	Unacked     Opt[uint32] // bytes sent and not acknowledged by the other side at the end
}

// IPIDClass is how one side chooses its IPv4 identification field.
type IPIDClass uint8

// IPID classes, over non-RST packets.
const (
	IPIDUnknown IPIDClass = iota
	IPIDZero
	IPIDConst
	IPIDCounter // small positive steps, modulo 65536
	IPIDRandom
)

// Hello is the first payload of the client and what became of it.
type Hello struct {
	Kind    string     // "tls", "http", "quic", "dns", "other"
	First   Mark       // its first packet
	End     uint32     // sequence number after it (all segments of the ClientHello)
	Segs    uint32     // wire segments it was sent in
	Retrans []Mark     // retransmissions of its range, up to 8
	Count   uint32     // all retransmissions of its range
	Acked   Opt[int64] // time the server acknowledged all of it, ns
	HeadAck bool       // acknowledged in part only
	Answer  Mark       // first packet of any kind from the server after it
	Data    Mark       // first payload from the server after it
	SYNRetr []Mark     // SYN retransmissions before it
}

// ICMP is an ICMP error that quoted this flow.
type ICMP struct {
	Num        uint64
	Time       int64
	Type, Code uint8
	V6         bool
	From       [16]byte
	MTU        uint16
	Dir        Dir   // direction of the quoted packet
	TTL        uint8 // of the message itself, 0 not seen
}

// Flow is the snapshot detectors judge. It is valid during the call only.
type Flow struct {
	ID             FlowID
	Key            capture.Key // Src is the client
	If             uint16
	ClientInferred bool
	Start, Last    int64 // first and last packet, ns
	LastNum        uint64
	Now            int64 // packet time at judgement, ns
	End            End
	Blind          Blindness
	Vantage        string

	Sides [2]Side
	Stall [2]Stall // since each side last got further

	// Unseen is how much of a server that was not captured its client acknowledged
	// since its first acknowledgement, bytes, a FIN counting as one.
	Unseen Opt[uint32]

	Handshake bool // SYN, SYN/ACK and ACK all seen
	SYNACK    Mark
	State     string // see [Flow.ConnState]
	History   string // Zeek's letters
	Hello     Hello

	Resets     []Reset // up to 8 in order of arrival
	ResetCount [2]uint32
	FINs       []FIN    // up to 4
	AfterReset [2]After // indexed by the reset's Dir
	AfterFIN   [2]After
	Conflicts  []Conflict
	Page       *Page // how the first answer in the clear came, where that was odd
	ICMPs      []ICMP

	Names    Names
	Label    service.Label
	App      string         // what is spoken: tls, quic, dtls, http, dns, stun, rtp, wireguard, ...; "" not known
	QUIC     string         // its version
	Media    []string       // audio, video: what RTP carries
	Signs    []service.Sign // rules that its payload satisfied
	Place    string         // of the service, as the protocol said it: "dc4"
	ForMedia bool           // the protocol said that the connection is for media
	Probe    bool           // too little and too short to be use: it tells reachability only
	Resolver string         // id of the resolver whose encrypted transport this is, "" none
	DNSOver  string         // https, tls, quic: how
	DNS      []DNS
	DNSMore  int      // exchanges beyond those kept
	Bulk     [2]*Bulk // transmission log of a bulk direction, nil when none was kept
	Rates    [2]*Rate // throughput of a direction that moves much, nil when none was kept
	Limit    string   // what limited the direction that moved most, for most of its time: see detect.Limit; "policed" where a policer was found; "" not known

	Local     *Local     // what this host's kernel said of it, nil: nothing
	Datagrams *Datagrams // of UDP, nil: no record was kept
	Call      *Call      // of a call's media, nil: no record was kept

	TunnelOf FlowID // the outer flow, 0 none
	Twin     FlowID // the same connection on the other side of a NAT, seen before; 0 none
	Tunnel   capture.Tunnel
	VLAN     Opt[uint16]
}

// Names is what the flow calls its far end. All of it is foreign text.
type Names struct {
	SNI        string
	SNIPacket  uint64 // packet that completed the hello
	Proxied    bool   // the server is a proxy that was asked to connect elsewhere: its address says nothing
	Decoy      string // the name in another hello for the same bytes: which one is the client's could not be told
	ALPN       []string
	ECH        string // none, grease, real, esni; told apart by the name outside, which real ones share
	ECHOuter   string // who fronts it, where it is real
	JA4        string // of the client's hello
	TLSVersion uint16 // selected, 0 not seen
	PQ         bool   // post-quantum key exchange is offered
	CertNames  []string
	CertOrgs   []string // organisations of subject and issuer
	AlertUp    Opt[uint8]
	AlertDown  Opt[uint8]
	Host       string // HTTP/1 Host
	Method     string
	Status     int
	Location   string
	DNS        []string // names this client resolved to this address
	DNSShared  bool     // of several services
}

// RTTMin is the smallest clean sample of the leg to the receiver of d, or the
// handshake's.
func (f *Flow) RTTMin(d Dir) Opt[time.Duration] {
	r := f.Sides[d].RTT
	if r.Min.Ok && (!r.Handshake.Ok || r.Min.V < r.Handshake.V) {
		return r.Min
	}
	return r.Handshake
}

// Proto returns "tcp", "udp", "icmp" or the protocol's number.
func (f *Flow) Proto() string {
	switch f.Key.Proto {
	case capture.ProtoTCP:
		return "tcp"
	case capture.ProtoUDP:
		return "udp"
	case capture.ProtoESP:
		return "esp"
	case capture.ProtoGRE:
		return "gre"
	case capture.ProtoICMP, capture.ProtoICMPv6:
		return "icmp"
	}
	return fmt.Sprintf("%d", f.Key.Proto)
}

// Name is the best name of the far end: SNI, Host, the name asked for, a name
// the client resolved to the address. Foreign text.
func (f *Flow) Name() string {
	switch {
	case f.Names.SNI != "":
		return f.Names.SNI
	case f.Names.Host != "":
		return f.Names.Host
	case len(f.DNS) > 0:
		return f.DNS[0].QName
	case len(f.Names.DNS) > 0:
		return f.Names.DNS[0]
	}
	return ""
}
