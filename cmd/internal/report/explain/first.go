package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// Bounds of what one page tells.
const (
	maxFlows    = 64 // flows of a service that are listed
	maxFindings = 64
	maxLadders  = 4
	maxAsked    = 16 // flows of a service of which the detectors' reasons are told
	maxControls = 8
)

// First is the sink of the first run, which finds out what a target is.
type First struct {
	Target
	stats    classify.Stats
	findings []*finding.Finding // that concern it, as told last
	flows    []*flowSeen
	more     int // flows beyond those kept
	service  *answer.Service
	last     string // id of the last finding of the run
	spot     *packets.Gather
	packets  uint64 // read
}

// flowSeen is a flow as it ended.
type flowSeen struct {
	fact.Flow
	findings []string
	outcome  string
}

// NewFirst prepares to look for a target.
func NewFirst(t Target) *First { return &First{Target: t} }

// Source puts what the run has to look at packets for between it and its source.
func (f *First) Source(src capture.Source) capture.Source {
	num := uint64(0)
	if f.Sort == Packet || f.Sort == Flow {
		num = f.Num
	}
	f.spot = packets.NewGather(src, num, 0)
	return f.spot
}

// Flow implements classify.Sink.
func (f *First) Flow(x *fact.Flow, findings []string) error {
	if !f.wants(x, findings) {
		return nil
	}
	s := keep(x, findings)
	if len(f.flows) < maxFlows {
		f.flows = append(f.flows, s)
		return nil
	}
	f.more++
	// What failed says more than what worked.
	if i := slices.IndexFunc(f.flows, func(o *flowSeen) bool { return !o.failed() }); s.failed() && i >= 0 {
		f.flows[i] = s
	}
	return nil
}

func (f *First) wants(x *fact.Flow, findings []string) bool {
	switch f.Sort {
	case Finding:
		return slices.Contains(findings, f.Word) || len(f.findings) > 0 && slices.Contains(f.findings[0].Flows, x.ID.String())
	case Flow, Packet:
		return f.holds(x)
	}
	return x.Label.Service == f.Word
}

// holds reports whether the packet asked for is one of a flow's.
func (f *First) holds(x *fact.Flow) bool {
	if uint64(x.ID) == f.Num {
		return true
	}
	k, ok := f.spotKey()
	return ok && f.Num >= uint64(x.ID) && f.Num <= x.LastNum && (k == x.Key || k == x.Key.Reverse())
}

// spotKey is the flow that the packet asked for is about, if it has passed.
func (f *First) spotKey() (capture.Key, bool) {
	if f.spot == nil || f.spot.Spot() == nil {
		return capture.Key{}, false
	}
	return packets.KeyOf(f.spot.Spot()), true
}

// Finding implements classify.Sink.
func (f *First) Finding(x *finding.Finding) error {
	f.last = x.ID
	if !f.concerns(x) {
		return nil
	}
	own := *x
	if i := slices.IndexFunc(f.findings, func(o *finding.Finding) bool { return o.ID == x.ID }); i >= 0 {
		f.findings[i] = &own
	} else if len(f.findings) < maxFindings {
		f.findings = append(f.findings, &own)
	}
	return nil
}

// concerns reports whether a finding may be about the target. Which flow a packet
// is of shows only later: see [First.settle].
func (f *First) concerns(x *finding.Finding) bool {
	switch f.Sort {
	case Finding:
		return x.ID == f.Word
	case Flow:
		return slices.Contains(x.Flows, f.Word)
	case Packet:
		k, ok := f.spotKey()
		return cites(x, f.Num) || ok && sameEnds(x, k)
	}
	return x.Service == f.Word
}

// sameEnds reports whether a finding is about the two ends of a packet.
func sameEnds(x *finding.Finding, k capture.Key) bool {
	if x.Client == nil || x.Server == nil {
		return false
	}
	c, s := *x.Client, *x.Server
	src, dst := finding.Endpoint{IP: k.SrcAddr(), Port: k.SrcPort}, finding.Endpoint{IP: k.DstAddr(), Port: k.DstPort}
	return c == src && s == dst || c == dst && s == src
}

// cites reports whether a finding names a packet.
func cites(x *finding.Finding, num uint64) bool {
	return slices.Contains(x.Packets, num) || slices.ContainsFunc(slices.Concat(x.For, x.Against),
		func(e finding.Evidence) bool { return slices.Contains(e.Packets, num) })
}

// Service implements classify.Sink.
func (f *First) Service(s *answer.Service) error {
	if f.Sort == Service && s.Service == f.Word {
		own := *s
		f.service = &own
	}
	return nil
}

// Settle ends the first run. Its error says that there is no such target, and
// what there is instead.
func (f *First) Settle(stats classify.Stats) error {
	f.stats = stats
	f.packets = f.spot.Reached()
	switch f.Sort {
	case Finding:
		if len(f.findings) == 0 {
			return fmt.Errorf("no finding %s: %s", f.Word, f.findingsThere())
		}
	case Flow:
		return f.settleFlow()
	case Packet:
		f.settlePacket()
		if f.Num == 0 || f.Num > f.packets {
			return fmt.Errorf("no packet %s: %s", f.Word, f.packetsThere())
		}
	case Service:
		if f.service == nil {
			return fmt.Errorf("no answer for service %s: nothing was seen of it", f.Word)
		}
	}
	return nil
}

// settleFlow keeps only the flow that is called so.
func (f *First) settleFlow() error {
	of := slices.IndexFunc(f.flows, func(x *flowSeen) bool { return uint64(x.ID) == f.Num })
	if of >= 0 {
		f.flows = f.flows[of : of+1]
		return nil
	}
	why := f.packetsThere()
	if len(f.flows) > 0 {
		why = fmt.Sprintf("packet %d is one of flow %s", f.Num, f.flows[0].ID)
	} else if f.Num <= f.packets && f.Num != 0 {
		why = fmt.Sprintf("packet %d is of no flow: %s", f.Num, f.stranger())
	}
	return fmt.Errorf("no flow %s (a flow is called after its first packet): %s", f.Word, why)
}

// settlePacket keeps the findings about the packet's flow.
func (f *First) settlePacket() {
	f.findings = slices.DeleteFunc(f.findings, func(x *finding.Finding) bool {
		return !cites(x, f.Num) && !slices.ContainsFunc(f.flows, func(o *flowSeen) bool {
			return slices.Contains(x.Flows, o.ID.String())
		})
	})
}

func (f *First) findingsThere() string {
	n, err := strconv.Atoi(strings.TrimPrefix(f.last, "f"))
	switch {
	case err != nil || f.stats.Findings == 0:
		return "there are none in this capture"
	case n == 1 || f.stats.Findings == 1:
		return "there is f1 only"
	}
	return fmt.Sprintf("there are f1 to f%d", f.stats.Findings)
}

func (f *First) packetsThere() string {
	switch f.packets {
	case 0:
		return "the capture has no packets"
	case 1:
		return "the capture has one packet"
	}
	return fmt.Sprintf("the capture has packets 1 to %d", f.packets)
}

// stranger says what a packet is that belongs to no flow.
func (f *First) stranger() string {
	p := f.spot.Spot()
	switch {
	case p == nil:
		return "of a link type that is passed over, or a part of a datagram that never got whole"
	case p.Has&capture.HasIP == 0:
		return "not IP"
	case p.Has&capture.HasPorts == 0:
		return fmt.Sprintf("IP protocol %d from %s to %s", p.Key.Proto, p.Key.SrcAddr(), p.Key.DstAddr())
	}
	return "left out by the expression, or the copy of one before"
}

// failed: nothing useful came of it.
func (s *flowSeen) failed() bool {
	return strings.HasPrefix(s.outcome, "failed") || len(s.findings) > 0
}

// keep makes a flow outlive the call it came with.
func keep(x *fact.Flow, findings []string) *flowSeen {
	s := &flowSeen{Flow: *x, findings: slices.Clone(findings), outcome: answer.Outcome(x)}
	s.Resets, s.FINs, s.ICMPs = slices.Clone(x.Resets), slices.Clone(x.FINs), slices.Clone(x.ICMPs)
	s.DNS = slices.Clone(x.DNS)
	for i := range s.DNS {
		s.DNS[i].Answers = slices.Clone(s.DNS[i].Answers)
	}
	s.Hello.Retrans, s.Hello.SYNRetr = slices.Clone(x.Hello.Retrans), slices.Clone(x.Hello.SYNRetr)
	s.Names.DNS = slices.Clone(x.Names.DNS)
	if x.Local != nil {
		l := *x.Local
		l.Drops = slices.Clone(l.Drops)
		s.Local = &l
	}
	return s
}
