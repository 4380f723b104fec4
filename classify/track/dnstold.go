package track

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// Ref finds a flow again, if it is still there. The zero one is no flow.
type Ref struct {
	Shard int // set by whoever has several trackers
	ID    flow.ID
	Num   uint64 // its first packet
}

// DNSSeen is a DNS response with what was asked.
type DNSSeen struct {
	Ref    Ref
	Num    uint64
	Flow   fact.FlowID
	Query  fact.DNS // without Answers
	Answer fact.DNSAnswer
}

// DNSAsked is a DNS query.
type DNSAsked struct {
	Ref   Ref
	QName string // lower case; foreign text
	Query fact.NameQuery
}

// SetShard says whose the observations are.
func (o *Observations) SetShard(n int) {
	for i := range o.DNS {
		o.DNS[i].Ref.Shard = n
	}
	for i := range o.Asked {
		o.Asked[i].Ref.Shard = n
	}
}

// Wake has a flow judged at the next tick, because of what is known elsewhere.
func (t *Tracker) Wake(r Ref) {
	if r.ID == 0 {
		return
	}
	if e := t.Table.At(r.ID); e.Rec.Num == r.Num {
		t.mark(r.ID, &e.Rec)
	}
}
