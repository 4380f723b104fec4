package board

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/table"
)

// What is kept, however long the capture lasts.
const (
	maxGroups   = 256
	maxMembers  = 4096 // findings of which a later revision is known again
	maxServices = 256
	maxFlows    = 20
)

// key is what findings of one group have in common, as on the screen: what was
// seen, how sure it is, and whom it is about.
type key struct {
	kind  finding.Kind
	class string // sure, likely, maybe
	about string // the service; of none the name, or else the server's address. Foreign text
}

// group is findings that are alike. They are told once and counted.
type group struct {
	key
	id          string // of the first finding
	summary     string // of the latest
	first, last time.Time
	findings    int
	flows       int
	lastFlow    string
	told        int    // its size when it was told last
	turn        uint64 // when it last grew, to find the one that waits longest
	born        uint64
}

// member is a finding that was counted.
type member struct {
	key
	flows int
	born  uint64 // of the group: one that went and came again does not have it
}

// groups is bounded: of too many those that have not grown for longest go.
type groups struct {
	by      map[key]*group
	members map[string]member
	order   [maxMembers]string // ids of members, a ring
	next    int
	turn    uint64
}

func keyOf(f *finding.Finding) (k key, accuses bool) {
	if f.Verdict.Rank() < finding.Suspected.Rank() {
		return key{}, false
	}
	about := cmp.Or(f.Service, f.Name)
	if about == "" && f.Server != nil {
		about = f.Server.IP.String()
	}
	return key{f.Kind, table.Sureness(f.Verdict), about}, true
}

// add counts a finding, or a later revision of one. grown is the group that it is
// new in, nil if there is none; lost is the group that it leaves without any.
func (gs *groups) add(f *finding.Finding) (grown, lost *group) {
	if gs.by == nil {
		gs.by, gs.members = map[key]*group{}, map[string]member{}
	}
	gs.turn++
	k, accuses := keyOf(f)
	m, known := gs.members[f.ID]
	if known && accuses && m.key == k {
		if g := gs.by[k]; g != nil {
			g.summary, g.last = f.Summary, later(g.last, f.To)
			return nil, nil
		}
	}
	if known {
		lost = gs.leave(f.ID, m)
	}
	if !accuses {
		return nil, lost
	}
	return gs.join(k, f), lost
}

func (gs *groups) leave(id string, m member) (lost *group) {
	gs.members[id] = member{} // its place in the ring stays
	g := gs.by[m.key]
	if g == nil || g.born != m.born {
		return nil
	}
	g.findings--
	g.flows -= m.flows
	if g.findings > 0 {
		return nil
	}
	delete(gs.by, m.key)
	return g
}

func (gs *groups) join(k key, f *finding.Finding) *group {
	g := gs.by[k]
	if g == nil {
		gs.makeRoom()
		g = &group{key: k, id: f.ID, first: f.From, last: f.To, born: gs.turn}
		gs.by[k] = g
	}
	flows := len(f.Flows)
	if flows > 0 {
		if f.Flows[0] == g.lastFlow {
			flows-- // as of the DNS questions of one flow
		}
		g.lastFlow = f.Flows[len(f.Flows)-1]
	}
	g.findings++
	g.flows += flows
	g.summary, g.last, g.turn = f.Summary, later(g.last, f.To), gs.turn
	if f.From.Before(g.first) {
		g.first = f.From
	}
	gs.remember(f.ID, member{k, flows, g.born})
	return g
}

// makeRoom forgets an eighth at once, so that a scan for new names costs little.
func (gs *groups) makeRoom() {
	if len(gs.by) < maxGroups {
		return
	}
	turns := make([]uint64, 0, maxGroups)
	for _, g := range gs.by {
		turns = append(turns, g.turn)
	}
	slices.Sort(turns)
	last := turns[maxGroups/8]
	maps.DeleteFunc(gs.by, func(_ key, g *group) bool { return g.turn < last })
}

func (gs *groups) remember(id string, m member) {
	if _, known := gs.members[id]; !known {
		delete(gs.members, gs.order[gs.next])
		gs.order[gs.next] = id
		gs.next = (gs.next + 1) % maxMembers
	}
	gs.members[id] = m
}

// newest lists the n groups that grew last, in the order they began in, so that a
// group keeps its place while it grows.
func (gs *groups) newest(n int) []*group {
	all := make([]*group, 0, len(gs.by))
	for _, g := range gs.by {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *group) int { return cmp.Compare(b.turn, a.turn) })
	all = all[:max(0, min(n, len(all)))]
	slices.SortFunc(all, func(a, b *group) int { return cmp.Compare(a.born, b.born) })
	return all
}

// size says how many there are of it, and since when if there are several.
func (g *group) size() string {
	one, many, n := "flow", "flows", g.flows
	switch {
	case strings.HasPrefix(string(g.kind), "dns."):
		one, many, n = "query", "queries", g.findings
	case n < 1: // a finding of no flow in particular
		one, many, n = "finding", "findings", g.findings
	}
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("since %s, %s %s", g.first.UTC().Format("15:04:05"), table.Number(uint64(n)), many)
}

// count is how large it is, for telling whether it has doubled.
func (g *group) count() int { return max(g.findings, g.flows) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
