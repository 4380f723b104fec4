package classify

import (
	"cmp"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// shard is one part of the flows, with what it has to tell at the next tick.
type shard struct {
	run     *run
	clock   *clock // of its worker
	track   *track.Tracker
	packets uint64
	orphans uint64 // ICMP errors about flows that are not known
	more    bool   // flows are waiting to end

	judged []verdicts
	told   []Made // of flows that were asked for
	ended  []*ended
	briefs []answer.Brief
	secret []secretSeen
	strays []capture.Note
	logs   []logRef // the transmission logs
	pool   []*ended
	facts  fact.Flow
}

// verdicts is what the detectors say of a flow.
type verdicts struct {
	flow    fact.FlowID
	asked   uint // the detectors that were asked, as a set
	says    []said
	failing fact.Failure // of the flow, what a failure needs beside the finding
}

// said is a finding and the detector that made it.
type said struct {
	by      int
	finding finding.Finding
}

// ended is a flow that is to be told of.
type ended struct {
	flow fact.Flow
}

func newShard(r *run) *shard {
	s := &shard{run: r}
	s.track = track.New(track.Config{
		Memory:      int(r.opt.Memory / numShards),
		Seed:        r.opt.Seed,
		KnownServer: func(a [16]byte) bool { return knownServer(r.opt.Rules, a) },
		Recognise: func(p *service.Payload, out []service.Sign) []service.Sign {
			return r.opt.Rules.Recognise(p, out) // not bound to the rules of the moment
		},
		Pages:   pagesOf(r.opt.BlockPages),
		NoRates: r.opt.without(Rates), NoCalls: r.opt.without(Calls),
		OnEnd: s.flowEnds,
	})
	return s
}

func knownServer(rules *service.Rules, a [16]byte) bool {
	_, ok := rules.OwnerOfAddr(netip.AddrFrom16(a).Unmap())
	return ok
}

func (s *shard) packet(p *capture.Packet) {
	if s.track.Packet(p) {
		s.packets++
	} else {
		s.orphans++
	}
}

// judgeDirty judges the flows in which something happened.
func (s *shard) judgeDirty() {
	for _, id := range s.track.Dirty {
		f := &s.track.Table.At(id).Rec
		events, bulk := f.Due()
		if !events && !bulk {
			continue // ended meanwhile, and judged then
		}
		s.track.Snapshot(id, &s.facts, s.run.world.Now, fact.StillOpen)
		s.complete(&s.facts)
		if s.judge(&s.facts, events, bulk, f.WasFound()) > 0 {
			f.Found()
		}
	}
	s.track.Dirty = s.track.Dirty[:0]
}

// flowEnds judges a flow whose end has come, and keeps it for the report if it
// is one to tell of.
func (s *shard) flowEnds(id flow.ID, why fact.End) {
	e := s.track.Table.At(id)
	f := &e.Rec
	// What was found while all facts were there is not judged anew with less.
	suspect := f.Suspect() && !(f.Stolen() && f.WasFound())
	s.secrets(id, e, s.track.Name(f))
	if !suspect && !s.run.opt.All && !s.mayBelong(e) {
		s.briefs = append(s.briefs, s.track.Brief(id))
		return
	}
	x := s.take()
	s.track.Snapshot(id, &x.flow, max(s.run.world.Now, s.clock.now), why)
	s.complete(&x.flow)
	findings, bulk := 0, x.flow.Bulk != [2]*fact.Bulk{} || x.flow.Rates != [2]*fact.Rate{}
	if suspect {
		findings = s.judge(&x.flow, true, bulk, f.WasFound())
	}
	if s.run.opt.Asked.has(x.flow.ID) {
		s.unprompted(&x.flow, suspect, bulk)
	}
	if findings == 0 && x.flow.Label.Service == "" && !f.WasFound() {
		s.briefs = append(s.briefs, s.track.Brief(id)) // told of or not: it is one of the others
		if !s.run.opt.All {
			s.pool = append(s.pool, x)
			return
		}
	}
	x.flow.Limit = detect.Limit(&x.flow)
	x.keep()
	s.ended = append(s.ended, x)
}

// secrets notes a flow to a resolver that cannot be read. One that was never
// answered asked nothing.
func (s *shard) secrets(id flow.ID, e *flow.Entry[track.Flow], sni string) {
	if resolver, how := over(s.run.opt.Rules, &e.Key, sni); how != "" && s.track.Brief(id).Worked {
		s.secret = append(s.secret, secretSeen{resolver: resolver, over: how, name: sni, start: e.Rec.Start()})
	}
}

// take returns a flow to fill, used before if possible.
func (s *shard) take() *ended {
	if n := len(s.pool); n > 0 {
		x := s.pool[n-1]
		s.pool = s.pool[:n-1]
		return x
	}
	return &ended{}
}

// keep makes a snapshot outlive its flow.
func (x *ended) keep() {
	h := &x.flow.Hello
	h.Retrans, h.SYNRetr = slices.Clone(h.Retrans), slices.Clone(h.SYNRetr)
	x.flow.Bulk, x.flow.Rates = [2]*fact.Bulk{}, [2]*fact.Rate{}
}

// complete adds what the tracker does not know.
func (s *shard) complete(f *fact.Flow) {
	f.Vantage, f.Twin = s.run.world.Vantage, s.run.seen.twins.of[f.ID]
	f.Names.DNS, f.Names.DNSShared = s.run.seen.bindings.of(f.Key.SrcAddr(), f.Key.DstAddr(), f.Start)
	s.run.hidden(f)
	s.run.say(f)
	f.Resolver, f.DNSOver = over(s.run.opt.Rules, &f.Key, f.Names.SNI)
	f.Label = s.run.labelFlow(f)
	f.Probe = s.run.probe(f)
	if f.Key.Proto == capture.ProtoUDP && f.Sides[fact.Down].Packets == 0 && s.run.world.OnlyClients() {
		f.Blind |= fact.BlindOneWay // of TCP the flow itself shows that it was answered
	}
}

// judge runs the detectors that have something to judge, and keeps what they
// find. told: there were findings about the flow before, which may fall now.
func (s *shard) judge(f *fact.Flow, events, bulk, told bool) int {
	v := verdicts{flow: f.ID}
	w, asked := s.run.world, s.run.opt.Asked.has(f.ID)
	if asked {
		w = s.run.talkative()
	}
	for i, d := range flowDetectors {
		if d.bulk && !bulk || !d.bulk && !events || s.run.opt.without(d.group) {
			continue
		}
		v.asked |= 1 << i
		j := d.Judge(f, w)
		if asked {
			s.made(f, i, j, false)
		}
		for _, x := range j.Findings {
			v.says = append(v.says, said{by: i, finding: x})
		}
	}
	if len(v.says) == 0 && !told {
		return 0
	}
	v.failing = fact.Failure{
		Flow: f.ID, Service: f.Label.Service, Owner: owner(f.Label), Server: f.Key.DstAddr(), Port: f.Key.DstPort,
		Proto: f.Key.Proto, Name: f.Name(), Said: cmp.Or(f.Names.SNI, f.Names.Host), JA4: f.Names.JA4, Reached: fact.Stage(f),
		Client: f.Key.SrcAddr(), If: f.If, Num: f.LastNum, Start: f.Start,
		From: max(f.Start, f.Sides[fact.Down].Last.Time), Time: f.Now,
	}
	v.failing.CutFrom, v.failing.CutBy = detect.CutBetween(f)
	s.judged = append(s.judged, v)
	return len(v.says)
}

func owner(l service.Label) string {
	if l.Family != "" {
		return l.Family
	}
	return l.Service
}
