package scenes

import (
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/truth"
)

// drops are packets that a box swallows.
func drops() []*lab.Scenario {
	return slices.Concat(droppedHellos(), frozen(), deafened(), refusedEntry())
}

// silences are findings of packets that did not arrive.
var silences = []finding.Kind{finding.DropConnect, finding.DropHello, finding.DropMidflow, finding.DropQUIC, finding.HostAllowlist}

// swallowed is the truth of one service whose packets a box swallows.
func swallowed(service string, kind finding.Kind, least finding.Verdict, what string, status ...string) truth.Truth {
	return truth.Truth{
		What: what, Where: onePath, Vantage: clientTap(), Services: allBut(service, status...),
		Finds: []truth.Must{{Kinds: []finding.Kind{kind}, Service: service, AtLeast: least}},
	}
}

// bothTaps are the vantages where it matters which side is no longer heard.
func bothTaps() map[string]string {
	return map[string]string{"client.pcapng": "host", "server.pcapng": "server"}
}

// tries plans something n times.
func tries(n int, from, every time.Duration, plan func(at time.Duration)) {
	for i := range n {
		plan(from + time.Duration(i)*every)
	}
}

// nowhere is an action of no rule of a censor: what it is given is lost, as in a
// network that fails.
type nowhere struct{}

// Act implements [box.Action].
func (nowhere) Act(b *box.Box, _ *box.Rule, p *box.Packet) bool {
	b.Note(nil, box.Lost, p)
	return false
}

// browsed is a small page, and messages a short chat.
func browsed() []talk.Turn {
	return []talk.Turn{{Ask: 420, Think: 10 * time.Millisecond, Answer: 14_000}, {Ask: 380, Answer: 6_000}}
}

func messages() []talk.Turn {
	return []talk.Turn{{Ask: 210, Answer: 640}, {Wait: 900 * time.Millisecond, Ask: 130, Answer: 95}, {Wait: 1400 * time.Millisecond, Ask: 170, Answer: 95}}
}
