package html

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
)

// maxFlows is how many flows the table has, those with findings first; the rest is
// counted. A browser lays out as many in less than two seconds, of the three that a page
// may take to open: 5000 took 2.7 s on a busy machine.
const maxFlows = 3000

// flowRow is what is kept of a flow.
type flowRow struct {
	id       fact.FlowID
	key      capture.Key
	lastNum  uint64
	start    int64
	last     int64
	isn      [2]fact.Opt[uint32]
	app      string
	proto    string
	service  string
	function string
	place    string
	name     string // foreign, its first bytes
	nameSize int    // bytes of all of it
	state    string
	outcome  string
	limit    string
	bytes    [2]uint64 // payload
	packets  [2]uint64
	again    uint32        // segments sent again, both ways
	trip     fact.Opt[int] // handshake with the server, µs
	findings []string
}

// moved is the payload of both directions, bytes.
func (r *flowRow) moved() uint64 { return r.bytes[fact.Up] + r.bytes[fact.Down] }

// flowList keeps flows: all those with findings that there is room for, and of the others
// the first ones.
type flowList struct {
	found, plain []*flowRow
	sum          int // of all
	sumFound     int
	at           map[fact.FlowID]*flowRow
}

func (l *flowList) add(f *fact.Flow, findings []string) {
	l.sum++
	found := len(findings) > 0
	if found {
		l.sumFound++
	}
	switch full := len(l.found)+len(l.plain) >= maxFlows; {
	case !full:
	case found && len(l.plain) > 0: // gives way
		last := len(l.plain) - 1
		delete(l.at, l.plain[last].id)
		l.plain = l.plain[:last]
	default:
		return
	}
	if l.at == nil {
		l.at = map[fact.FlowID]*flowRow{}
	}
	r := newFlowRow(f, findings)
	l.at[r.id] = r
	if found {
		l.found = append(l.found, r)
	} else {
		l.plain = append(l.plain, r)
	}
}

func newFlowRow(f *fact.Flow, findings []string) *flowRow {
	name := f.Name()
	r := &flowRow{
		id: f.ID, key: f.Key, lastNum: f.LastNum, start: f.Start, last: f.Last, app: f.App, proto: f.Proto(),
		service: f.Label.Service, function: f.Label.Function, place: f.Label.Place,
		name: strings.Clone(name[:min(len(name), heldName)]), nameSize: len(name),
		state: cmp.Or(f.State, f.End.String()), outcome: answer.Outcome(f), limit: f.Limit,
		findings: slices.Clone(findings),
	}
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		s := &f.Sides[d]
		r.isn[d], r.bytes[d], r.packets[d] = s.ISN, s.Payload, s.Packets
		r.again += s.Retrans
	}
	if t := f.RTTMin(fact.Up); t.Ok {
		r.trip = fact.Some(int(t.V.Microseconds()))
	}
	return r
}

// flow is as much of a fact as a ladder needs.
func (r *flowRow) flow() *fact.Flow {
	f := &fact.Flow{ID: r.id, Key: r.key, LastNum: r.lastNum, App: r.app}
	for d := range f.Sides {
		f.Sides[d].ISN = r.isn[d]
	}
	return f
}

// shown lists the flows of the table: those with findings, then the others, each by
// number.
func (l *flowList) shown(n int) []*flowRow {
	byID := func(a, b *flowRow) int { return cmp.Compare(a.id, b.id) }
	found, plain := slices.SortedFunc(slices.Values(l.found), byID), slices.SortedFunc(slices.Values(l.plain), byID)
	all := slices.Concat(found, plain)
	return all[:min(len(all), n)]
}

// seenClients notes the first two clients: what matters is whether there is only one.
type seenClients struct{ first, other netip.Addr }

func (s *seenClients) add(a netip.Addr) {
	switch {
	case !s.first.IsValid():
		s.first = a
	case s.first != a:
		s.other = a
	}
}
