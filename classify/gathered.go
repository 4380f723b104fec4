package classify

import (
	"cmp"
	"slices"

	"chokepoint/classify/track"
)

// gathered is what the shards learnt since the last tick, in packet order. It points
// into their lists, which are long.
type gathered struct {
	controls []*track.Progress
	dns      []*track.DNSSeen
	asked    []*track.DNSAsked
	votes    []*track.Vote
	arranged []*track.Arranged
	talks    []*track.TalkSeen
	opened   []*track.Opened
	rates    []*track.RateSeen
}

// clear empties the lists and keeps their memory.
func (g *gathered) clear() {
	g.controls, g.dns, g.asked, g.votes = g.controls[:0], g.dns[:0], g.asked[:0], g.votes[:0]
	g.arranged, g.talks, g.opened, g.rates = g.arranged[:0], g.talks[:0], g.opened[:0], g.rates[:0]
}

// add lists what one shard learnt.
func (g *gathered) add(o *track.Observations) {
	g.controls = pointTo(g.controls, o.Controls)
	g.dns = pointTo(g.dns, o.DNS)
	g.asked = pointTo(g.asked, o.Asked)
	g.votes = pointTo(g.votes, o.Votes)
	g.arranged = pointTo(g.arranged, o.Arranged)
	g.talks = pointTo(g.talks, o.Talks)
	g.opened = pointTo(g.opened, o.Opened)
	g.rates = append(g.rates, o.Rates...)
}

func pointTo[T any](list []*T, to []T) []*T {
	for i := range to {
		list = append(list, &to[i])
	}
	return list
}

// sort puts the lists in packet order.
func (g *gathered) sort() {
	byPacket(g.controls, func(o *track.Progress) uint64 { return o.Num })
	byPacket(g.dns, func(o *track.DNSSeen) uint64 { return o.Num })
	byPacket(g.asked, func(o *track.DNSAsked) uint64 { return o.Query.Num })
	byPacket(g.votes, func(o *track.Vote) uint64 { return o.Num })
	byPacket(g.arranged, func(o *track.Arranged) uint64 { return o.Num })
	byPacket(g.talks, func(o *track.TalkSeen) uint64 { return o.Num })
	byPacket(g.opened, func(o *track.Opened) uint64 { return o.Num })
	byPacket(g.rates, func(o *track.RateSeen) uint64 { return o.Num })
}

func byPacket[T any](list []*T, num func(*T) uint64) {
	slices.SortStableFunc(list, func(a, b *T) int { return cmp.Compare(num(a), num(b)) })
}
