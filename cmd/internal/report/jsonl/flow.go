package jsonl

import (
	"cmp"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// flowRecord is the record of a flow. Absent means not seen; zero means seen to
// be zero.
type flowRecord struct {
	Type           string           `json:"type"`
	ID             string           `json:"id"`
	File           string           `json:"file,omitempty"` // of its first packet, when files are joined
	CommunityID    string           `json:"community_id,omitempty"`
	Proto          string           `json:"proto"`
	Client         finding.Endpoint `json:"client"`
	Server         finding.Endpoint `json:"server"`
	ClientInferred bool             `json:"client_inferred,omitempty"`
	VLAN           *uint16          `json:"vlan,omitempty"`
	Tunnel         string           `json:"tunnel,omitempty"`
	Vantage        string           `json:"vantage"`
	Start          stamp            `json:"start"`
	End            stamp            `json:"end"`

	Service    *string       `json:"service"`
	Function   string        `json:"function,omitempty"`
	Place      string        `json:"place,omitempty"` // which of the service's data centres
	Family     string        `json:"family,omitempty"`
	Confidence *float64      `json:"confidence,omitempty"`
	Why        []service.Why `json:"why,omitempty"`
	Mismatch   bool          `json:"owner_mismatch,omitempty"`

	spoken
	hello

	State     string `json:"state"`
	Ended     string `json:"ended"` // why the record was written
	ConnState string `json:"conn_state,omitempty"`
	History   string `json:"history,omitempty"`
	Stage     string `json:"stage,omitempty"`
	Signature string `json:"signature,omitempty"`

	Packets   upDown[uint64] `json:"packets"`
	Bytes     upDown[uint64] `json:"bytes"`   // of IP packets
	Payload   upDown[uint64] `json:"payload"` // bytes of transport payload, repeats included
	RTT       *rtt           `json:"rtt_ms,omitempty"`
	ClientRTT *rtt           `json:"client_rtt_ms,omitempty"`
	Loss      *loss          `json:"loss,omitempty"`
	Limit     string         `json:"limit,omitempty"` // what limited its throughput, for most of the time

	DNS     []exchange `json:"dns,omitempty"`
	DNSMore int        `json:"dns_more,omitempty"`

	Process *process `json:"process,omitempty"` // at this host's end; only live

	Findings []string `json:"findings"`
	Blind    []string `json:"blind"`
}

// process is who holds this host's socket. Comm and Cgroup are foreign text.
type process struct {
	PID    uint32 `json:"pid"`
	Comm   string `json:"comm,omitempty"`
	Cgroup string `json:"cgroup,omitempty"`
}

// newProcess returns nil where nobody said whose the flow is.
func newProcess(l *fact.Local) *process {
	if l == nil || l.Process.PID == 0 {
		return nil
	}
	return &process{PID: l.Process.PID, Comm: l.Process.Comm, Cgroup: l.Process.Cgroup}
}

// upDown holds a figure of either direction; up is client to server.
type upDown[T any] struct {
	Up   T `json:"up"`
	Down T `json:"down"`
}

// rtt holds round-trip times from the tap to one end and back, ms.
type rtt struct {
	Handshake *float64 `json:"handshake,omitempty"`
	Min       *float64 `json:"min,omitempty"`
	P50       *float64 `json:"p50,omitempty"`
}

// loss is the share of segments lost on the network, 0..1, and where most of it was.
type loss struct {
	Up    *float64 `json:"up,omitempty"`
	Down  *float64 `json:"down,omitempty"`
	Where string   `json:"where,omitempty"` // this_host, first_hop, path; absent: nothing was lost, or it does not show
}

func newFlow(f *fact.Flow, findings []string) *flowRecord {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	r := &flowRecord{
		Type: "flow", ID: f.ID.String(), CommunityID: communityID(f.Key), Proto: f.Proto(),
		Client:         finding.Endpoint{IP: f.Key.SrcAddr(), Port: f.Key.SrcPort},
		Server:         finding.Endpoint{IP: f.Key.DstAddr(), Port: f.Key.DstPort},
		ClientInferred: f.ClientInferred,
		VLAN:           pointer(f.VLAN),
		Vantage:        cmp.Or(f.Vantage, "unknown"),
		Start:          ns(f.Start), End: ns(f.Last),
		spoken: newSpoken(f), hello: newHello(&f.Names),
		State: cmp.Or(f.State, "open"), Ended: f.End.String(), ConnState: f.ConnState(), History: f.History,
		Signature: fact.Signature(f),
		Packets:   upDown[uint64]{up.Packets, down.Packets},
		Bytes:     upDown[uint64]{up.IPBytes, down.IPBytes},
		Payload:   upDown[uint64]{up.Payload, down.Payload},
		RTT:       newRTT(&up.RTT),
		ClientRTT: newRTT(&down.RTT),
		Loss:      newLoss(f),
		Limit:     f.Limit,
		DNSMore:   f.DNSMore,
		Process:   newProcess(f.Local),
		Findings:  list(findings), Blind: list(f.Blind.Names()),
	}
	if s := fact.Stage(f); s != fact.StageNone {
		r.Stage = s
	}
	if f.TunnelOf != 0 {
		r.Tunnel = f.TunnelOf.String()
	}
	r.label(&f.Label)
	r.exchanges(f.DNS)
	return r
}

func (r *flowRecord) label(l *service.Label) {
	r.Function, r.Place, r.Family, r.Why, r.Mismatch = l.Function, l.Place, l.Family, l.Why, l.Mismatch
	if l.Service != "" {
		confidence := thousandths(l.Confidence)
		r.Service, r.Confidence = &l.Service, &confidence
	}
}

func newRTT(r *fact.RTT) *rtt {
	if !r.Handshake.Ok && !r.Min.Ok && !r.P50.Ok {
		return nil
	}
	return &rtt{Handshake: optMs(r.Handshake), Min: optMs(r.Min), P50: optMs(r.P50)}
}

// newLoss returns nil where loss cannot be told: without sequence numbers, and
// where packets may be missing in the capture rather than on the network.
func newLoss(f *fact.Flow) *loss {
	const unsure = fact.BlindGap | fact.BlindKernelDrops
	if f.Key.Proto != capture.ProtoTCP || f.Blind&unsure != 0 {
		return nil
	}
	l := &loss{Up: lost(&f.Sides[fact.Up]), Down: lost(&f.Sides[fact.Down])}
	if l.Up == nil && l.Down == nil {
		return nil
	}
	l.Where = lostWhere(f)
	return l
}

// lostWhere says where most was lost, as the causes of an answer are called. Of a tap at
// an end, what is repeated behind it need not have been lost there: only the kernel's
// word counts.
func lostWhere(f *fact.Flow) string {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	client, server := up.Holes+down.Retrans, up.Retrans+down.Holes
	own, beyond := client, server
	switch {
	case client+server == 0:
		return ""
	case f.Vantage == "server":
		own, beyond = server, client
	case f.Vantage == "span":
		return answer.CausePath
	case f.Vantage != "host" && f.Vantage != "gateway":
		return ""
	}
	switch {
	case beyond >= own:
		return answer.CausePath
	case f.Vantage == "gateway":
		return answer.CauseFirstHop
	case f.Local != nil && len(f.Local.Drops) > 0:
		return answer.CauseThisHost
	}
	return ""
}

// lost counts holes as lost before the tap and repeats as lost behind it. A
// needless repeat counts as well: it is an upper bound.
func lost(s *fact.Side) *float64 {
	if s.Packets == 0 {
		return nil
	}
	share := thousandths(float64(s.Retrans+s.Holes) / float64(s.Packets+uint64(s.Holes)))
	return &share
}

// pointer returns nil for what was not seen.
func pointer[T any](o fact.Opt[T]) *T {
	if !o.Ok {
		return nil
	}
	return &o.V
}
