package classify

import (
	"net/netip"
	"testing"
	"time"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

const chatName = "chat.signal.org"

// queried is a query over UDP that a client sent at some second from a port of its
// own.
func queried(name string, num uint64, at int64) track.DNSAsked {
	return track.DNSAsked{QName: name, Query: fact.NameQuery{
		Num: num, Time: at * second, Flow: fact.FlowID(num), ID: uint16(num), QType: typeA, Client: asker, Resolver: asked,
	}}
}

func TestQueriesStayOpenUntilAnswered(t *testing.T) {
	r := engine()
	tcp := queried(chatName, 4, 3)
	tcp.Query.TCP = true
	txt := queried(chatName, 5, 3)
	txt.Query.QType = typeTXT
	r.learn(&track.Observations{Asked: []track.DNSAsked{
		queried(chatName, 1, 1), queried(chatName, 2, 2), queried("www.example.org", 3, 3), tcp, txt,
	}})
	if n := r.world.Names[chatName]; n == nil || len(n.Open) != 2 {
		t.Fatalf("%+v", n)
	}
	if n := r.world.Names["www.example.org"]; n != nil {
		t.Errorf("of a name that is nobody's known: %+v", n)
	}
	a := resolved(chatName, 3, 60, netip.MustParseAddr("13.248.212.111"))
	a.Flow, a.Query.ID, a.Query.Resolver = 2, 2, asked
	r.learn(&track.Observations{DNS: []track.DNSSeen{*a}})
	n := r.world.Names[chatName]
	if len(n.Open) != 1 || n.Open[0].Num != 1 || len(n.Answers) != 1 || n.Answers[0].Odd {
		t.Errorf("%+v", n)
	}
	r.missAnswers(1*second + detect.DNSTimeout)
	if len(r.seen.asking.queue) != 1 || len(n.Open) != 1 {
		t.Errorf("%d are waited for, %d open", len(r.seen.asking.queue), len(n.Open))
	}
	r.missAnswers(1*second + openFor)
	if len(r.seen.asking.queue) != 0 {
		t.Errorf("%d are waited for", len(r.seen.asking.queue))
	}
}

func TestOpenQueriesAreBounded(t *testing.T) {
	r := engine()
	for i := range uint64(3 * maxAsking) {
		r.learn(&track.Observations{Asked: []track.DNSAsked{queried(chatName, i+1, 1)}})
	}
	a := &r.seen.asking
	if n := len(r.world.Names[chatName].Open); n != fact.MaxOpen || len(a.queue) > maxAsking || len(a.flows) > maxAsking || len(a.order) != len(a.flows) {
		t.Errorf("%d open, %d waited for, %d flows, %d in order", n, len(a.queue), len(a.flows), len(a.order))
	}
}

// TestWhatCannotBeSoIsNoHabit: forged answers do not make the baseline that they are
// held against.
func TestWhatCannotBeSoIsNoHabit(t *testing.T) {
	r := engine()
	tell := func(name string, ttl uint8, addr string) {
		d := resolved(name, 10, 60, netip.MustParseAddr(addr))
		d.Query.Resolver, d.Answer.IPTTL, d.Answer.RTT = asked, ttl, fact.Some(time.Duration(1))
		r.learn(&track.Observations{DNS: []track.DNSSeen{*d}})
	}
	for range 9 {
		tell("web.whatsapp.com", 60, "10.10.34.35")
	}
	for range 5 {
		tell("www.example.org", 53, "93.184.216.34")
	}
	h := r.world.Resolvers[asked].Habit(10*second, "")
	if h.N != 5 || h.TTL != 53 || h.TTLN != 5 {
		t.Errorf("%+v", h)
	}
	if n := r.world.Names["web.whatsapp.com"]; !n.Answers[0].Odd {
		t.Errorf("%+v", n.Answers[0])
	}
}
