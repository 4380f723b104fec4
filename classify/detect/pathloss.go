package detect

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// pathLost is how many segments a client must have lost, pathOthers how many of them
	// of others than the party that moved most, with how many packets of those; pathShare
	// is the least share that is worth a word, and pathAlike by how much the shares may
	// differ: of few losses a third or three times as many are the same.
	pathLost    = 20
	pathOthers  = 5
	pathPackets = 200
	pathShare   = 0.005
	pathAlike   = 3.0
	// pathFilled is the part of what was missing that must have come later: what never
	// came, and was acknowledged, the capture has missed.
	pathFilled = 0.6
	// pathLate is how many segments may have been overtaken for each lost one: where more
	// were, what is overtaken passes for a repeat.
	pathLate = 0.2
	// pathBursts is how many losses follow each other, at the mean, where they come in
	// bursts: at random, at a few per cent, one does.
	pathBursts = 1.5
)

// PathLoss tells that everything a client moves loses alike, whoever is at the far end:
// path.loss. It accuses nobody: it is what a bad first hop or line looks like, so that
// nobody takes it for interference. Where a queue that all share loses the packets, that
// is congestion, and benign.
type PathLoss struct{}

// Name returns "path.loss".
func (PathLoss) Name() string { return "path.loss" }

// Revision is that of all it looks at.
func (PathLoss) Revision(w *fact.World) uint64 { return w.RatesRev }

// Judge returns a finding for each client and direction.
func (PathLoss) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	for _, l := range lossesOf(w) {
		if l.alike() {
			out.Findings = append(out.Findings, l.finding(w))
		}
	}
	return out
}

// losses is what one client lost in one direction.
type losses struct {
	client  netip.Addr
	ifc     uint16
	dir     fact.Dir
	all     lossOf
	parties []*lossOf // all, divided; filled in where that is worth a look
	waited  uint64    // of its packets, those of flows behind a queue
}

// lossOf is the losses of one party.
type lossOf struct {
	party   string
	series  []*fact.RateSeries
	packets uint64
	lost    [2]uint64 // per [fact.Leg]
	runs    uint64
}

func (l *lossOf) share() float64 { return float64(l.lost[0]+l.lost[1]) / float64(max(l.packets, 1)) }

func (l *lossOf) add(s *fact.RateSeries) {
	l.series = append(l.series, s)
	l.packets += s.Rate.Packets
	l.runs += uint64(s.Rate.Runs)
	l.lost[fact.LegDown] += uint64(s.Rate.Lost[fact.LegDown])
	// Of a hole that nothing ever filled the capture may have missed the bytes.
	l.lost[fact.LegUp] += uint64(min(s.Rate.Lost[fact.LegUp], s.Rate.Filled))
}

// lossesOf lists what clients lost in each direction, where it is enough. Mostly it is
// not, so that the losses are summed up first, and only where there are many the series.
func lossesOf(w *fact.World) (out []*losses) {
	lost := map[*fact.Beside]uint64{}
	for _, s := range w.Rates {
		if s.Beside.Lost >= pathLost && s.Rate.Lost != [2]uint32{} && telling(s) {
			lost[s.Beside] += uint64(s.Rate.Lost[0]) + uint64(s.Rate.Lost[1])
		}
	}
	maps.DeleteFunc(lost, func(_ *fact.Beside, n uint64) bool { return n < pathLost })
	if len(lost) == 0 {
		return nil
	}
	at := map[*fact.Beside]*losses{}
	for _, s := range w.Rates {
		if s.Beside.Lost < pathLost || lost[s.Beside] == 0 || !telling(s) {
			continue
		}
		l := at[s.Beside]
		if l == nil {
			l = &losses{client: s.Client, ifc: s.If, dir: s.Dir}
			at[s.Beside], out = l, append(out, l)
		}
		l.add(s)
	}
	slices.SortStableFunc(out, func(a, b *losses) int { return cmp.Or(a.client.Compare(b.client), cmp.Compare(a.dir, b.dir)) })
	return out
}

// telling reports a direction whose losses are those of the network, beyond this side of
// the uplink.
func telling(s *fact.RateSeries) bool {
	r := &s.Rate
	return !r.Datagram && !r.OneWay && float64(r.Filled) >= pathFilled*float64(r.Lost[fact.LegUp]) &&
		float64(r.Late) <= pathLate*float64(r.Lost[0]+r.Lost[1]) && !localAddr(s.Server)
}

func (l *losses) add(s *fact.RateSeries) {
	l.all.add(s)
	if waits(s) {
		l.waited += s.Rate.Packets
	}
}

// divide sorts all by who is at the far end.
func (l *losses) divide() {
	for _, s := range l.all.series {
		name := party(s.Owner, s.Server)
		i := slices.IndexFunc(l.parties, func(p *lossOf) bool { return p.party == name })
		if i < 0 {
			i = len(l.parties)
			l.parties = append(l.parties, &lossOf{party: name})
		}
		l.parties[i].add(s)
	}
}

// alike reports that all lose as much, without a queue: the party that moved most, and
// the others together.
func (l *losses) alike() bool {
	if l.all.share() < pathShare || 2*l.waited >= l.all.packets {
		return false
	}
	l.divide()
	most := slices.MaxFunc(l.parties, func(a, b *lossOf) int { return cmp.Compare(a.packets, b.packets) })
	var rest lossOf
	losing := 0
	for _, p := range l.parties {
		if p == most {
			continue
		}
		for _, s := range p.series {
			rest.add(s)
		}
		if p.lost[0]+p.lost[1] > 0 {
			losing++
		}
		if p.packets >= pathPackets && p.share() < l.all.share()/pathAlike {
			return false
		}
	}
	a, b := most.share(), rest.share()
	return losing >= 2 && rest.packets >= pathPackets && rest.lost[0]+rest.lost[1] >= pathOthers && a <= pathAlike*b && b <= pathAlike*a
}

func (l *losses) finding(w *fact.World) finding.Finding {
	f := finding.Finding{
		Kind: finding.PathLoss, Key: fmt.Sprintf("%s %s", l.client, l.dir), Proto: "tcp", Client: &finding.Endpoint{IP: l.client},
		Flows: []string{}, Controls: []string{}, Vantage: w.Vantage, For: []finding.Evidence{}, Against: []finding.Evidence{},
		RuledOut: []string{}, NotRuledOut: []string{}, Blind: append([]string{}, w.Blind.Names()...), Packets: []uint64{},
	}
	from, to := l.all.series[0].Rate.Start, int64(0)
	for _, s := range l.all.series {
		from, to = min(from, s.Rate.Start), max(to, s.Rate.Last)
		if id := s.Flow.String(); len(f.Flows) < 2*maxControls && s.Rate.Lost != [2]uint32{} && !slices.Contains(f.Flows, id) {
			f.Flows = append(f.Flows, id)
			f.Packets = append(f.Packets, lossy(&s.Rate)...)
		}
	}
	f.From, f.To = Time(from), Time(to)
	slices.Sort(f.Packets)
	f.Packets = slices.Compact(f.Packets)
	f.Packets = f.Packets[:min(len(f.Packets), maxRatePackets)]
	f.Filter = Filter(f.Packets...)
	q := l.queueing()
	kind, where := fact.LostUp, "before the tap"
	if q.leg == fact.LegDown {
		kind, where = fact.LostDown, "behind the tap"
	}
	f.Direction, f.Segment = policedWhere(l.dir, kind)
	share := l.all.share()
	f.Loss = &share
	text := fmt.Sprintf("%.1f %% of %d packets from or to %d parties were lost %s, %s, whoever is at the far end", 100*share, l.all.packets, len(l.parties), where, l.how(&q))
	f.For = append(f.For, finding.Evidence{Code: "L1", Family: finding.Control, Class: finding.S, Text: text, Packets: f.Packets,
		Got: fmt.Sprintf("%.1f %%", 100*share), Want: fmt.Sprintf(">= %.1f %%, within %.0f times of each other", 100*pathShare, pathAlike)})
	f.Summary = text
	q.conclude(&f, l.all.each() >= pathBursts)
	return f
}

// lossy is the packet with which the first lossy bin of a direction begins.
func lossy(r *fact.Rate) []uint64 {
	for i := range r.Used() {
		if b := &r.Bins[i]; b.Lost > 0 && b.Num != 0 {
			return []uint64{b.Num}
		}
	}
	return nil
}
