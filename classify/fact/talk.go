package fact

import (
	"net/netip"
	"slices"
)

// MaxTalks is how many conversations over UDP the world remembers.
const MaxTalks = 4096

// talkSlack is how many more there may be until the oldest so many are forgotten at once.
const talkSlack = MaxTalks / 8

// Talk is what the world knows of a conversation over UDP that asked for
// something, carried much, or fell silent: what one of them says of the others.
type Talk struct {
	Flow           FlowID
	Client, Server netip.Addr
	Port           uint16 // of the server
	If             uint16
	Service, Owner string // as in [Control]
	Name           string // foreign text

	Ask         Ask    // what it asked for at first
	Rounds      uint32 // of asking in vain
	First, Last int64  // of those, ns
	Answered    int64  // when the far end was heard first, ns; 0: never
	Heard       int64  // and last
	Carried     bool   // media passed both ways
	Bulky       int64  // since when it had brought much, ns; 0: it has not

	Cut    Cut       // how it fell silent
	Before [2]Amount // by side, when the far end was heard last
}

// Cut is how a conversation fell silent.
type Cut uint8

// The ways.
const (
	NotCut    Cut = iota
	CutMedia      // a call whose client goes on sending, and nothing comes
	CutOneWay     // a call whose media come no more, while the path to the far end answers
	CutFlight     // the far end stopped within a flight
	CutDemand     // the client asked again in vain
)

// SawTalk takes in what is known of a conversation now. Calls come in packet order.
func (w *World) SawTalk(t Talk) {
	if w.talkAt == nil {
		w.talkAt = map[FlowID]int{}
	}
	if i, ok := w.talkAt[t.Flow]; ok {
		w.Talks[i] = t
		return
	}
	if len(w.Talks) >= w.Scarce.of(MaxTalks+talkSlack) {
		w.Talks = slices.Delete(w.Talks, 0, w.Scarce.of(talkSlack))
		clear(w.talkAt)
		for i := range w.Talks {
			w.talkAt[w.Talks[i].Flow] = i
		}
	}
	w.talkAt[t.Flow] = len(w.Talks)
	w.Talks = append(w.Talks, t)
}

// TalksOf lists the conversations of a client on an interface, beside one, that ok
// takes, in the order in which they were first told of.
func (w *World) TalksOf(client netip.Addr, ifc uint16, beside FlowID, ok func(*Talk) bool) (out []*Talk) {
	for i := range w.Talks {
		t := &w.Talks[i]
		if t.Client == client && t.If == ifc && t.Flow != beside && ok(t) {
			out = append(out, t)
		}
	}
	return out
}
