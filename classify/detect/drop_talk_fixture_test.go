package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// askedAt is rounds of asking at these times, numbered from 100.
func askedAt(at ...float64) (m fact.Mute) {
	for i, t := range at {
		m.Add(fact.Mark{Num: uint64(100 + i), Time: sec(t)})
	}
	return m
}

// datagrams is a conversation of WhatsApp over UDP whose client asked at these times
// since it heard the far end last, if ever.
func datagrams(ask fact.Ask, port uint16, at ...float64) *fact.Flow {
	f := &fact.Flow{ID: 1, Key: dropKey(dropServer, capture.ProtoUDP, port), Vantage: "host", Start: sec(0),
		Label: service.Label{Service: "whatsapp", Family: "meta"}}
	f.Datagrams = &fact.Datagrams{First: ask, Ask: ask, Rounds: askedAt(at...)}
	up := &f.Sides[fact.Up]
	up.Packets, up.Payload = uint64(len(at)), uint64(100*len(at))
	f.Last, f.LastNum, f.Now = sec(at[len(at)-1]), 120, sec(at[len(at)-1]+1)
	return f
}

// spanOf is so many datagrams between two times, numbered from num.
func spanOf(n uint32, num uint64, from, to float64) fact.Stretch {
	return fact.Stretch{Count: n, First: fact.Mark{Num: num, Time: sec(from)}, Last: fact.Mark{Num: num + uint64(n), Time: sec(to)}}
}

// talk is another conversation of the client over UDP.
func talk(id fact.FlowID, server string, ask fact.Ask, edits ...func(*fact.Talk)) fact.Talk {
	t := fact.Talk{Flow: id, Client: netip.MustParseAddr(dropClient), Server: netip.MustParseAddr(server), Port: 443, Ask: ask}
	for _, e := range edits {
		e(&t)
	}
	return t
}

// silent had asked n times between two times in vain.
func silent(n uint32, from, to float64) func(*fact.Talk) {
	return func(t *fact.Talk) { t.Rounds, t.First, t.Last = n, sec(from), sec(to) }
}

// answered was heard between two times.
func answered(from, to float64) func(*fact.Talk) {
	return func(t *fact.Talk) { t.Answered, t.Heard = sec(from), sec(to) }
}

// of belongs to a service of an owner, under a name.
func of(service, owner, name string) func(*fact.Talk) {
	return func(t *fact.Talk) { t.Service, t.Owner, t.Name = service, owner, name }
}

func talking(w *fact.World, all ...fact.Talk) *fact.World {
	w.Rules = service.Default()
	w.Resolvers = map[netip.Addr]*fact.Resolver{netip.MustParseAddr("8.8.8.8"): {Answers: 3}}
	for _, t := range all {
		w.SawTalk(t)
	}
	return w
}

// upOnly is a capture of one direction.
func upOnly(w *fact.World) *fact.World {
	w.Resolvers = nil
	return w
}

// controlOver is a control over UDP or TCP to a port.
func controlOver(proto uint8, server string, port uint16, from, to float64) fact.Control {
	c := living(from, to)
	c.Flow, c.Server, c.Port, c.Proto = fact.FlowID(1000+int(port)), netip.MustParseAddr(server), port, proto
	return c
}

// talkCase is one case of a detector of datagrams.
type talkCase struct {
	name  string
	flow  *fact.Flow
	world *fact.World
	want  finding.Verdict
	blind string // code that must be among what was not seen, or the benign cause
}

func judgeTalks(t *testing.T, d FlowDetector, cases []talkCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			j := d.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q; stopped by %+v", got, c.want, j.Stopped)
			}
			if c.want == "" {
				if len(j.Stopped) == 0 {
					t.Error("nothing says why not")
				}
				return
			}
			fd := j.Findings[0]
			if c.blind != "" && !slices.Contains(fd.Blind, c.blind) && fd.BenignCause != c.blind {
				t.Errorf("blind %v, cause %q, want %q", fd.Blind, fd.BenignCause, c.blind)
			}
		})
	}
}

// TestRoundsAreNamed: evidence names the first rounds and the latest.
func TestRoundsAreNamed(t *testing.T) {
	var m fact.Mute
	for i := range 20 {
		m.Add(fact.Mark{Num: uint64(i + 1), Time: int64(i) * int64(time.Second)})
	}
	if got := markNumbers(m.Marks()...); len(got) != fact.MaxRounds+1 || got[fact.MaxRounds] != 20 || m.Count != 20 {
		t.Errorf("%v of %d", got, m.Count)
	}
}
