package track

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/classify/fact"
)

// TestDNSStaysOpen: an answer within 5 s of the first is to the same query, and the
// same question after that is a new one.
func TestDNSStaysOpen(t *testing.T) {
	const name = "a.example"
	for _, tc := range []struct {
		after     time.Duration
		exchanges int
	}{{4 * time.Second, 1}, {6 * time.Second, 2}} {
		c := newAsk(t)
		c.datagram(up, query(t, 7, name))
		c.datagram(down, reply(t, 7, name, good))
		c.wait(tc.after)
		c.datagram(up, query(t, 7, name))
		c.datagram(down, reply(t, 7, name, other))
		f := c.facts()
		is(t, "exchanges", len(f.DNS), tc.exchanges)
		is(t, "told to the world", len(c.Out.Asked), 2)
		if tc.exchanges == 1 {
			is(t, "copies sent before the first answer", f.DNS[0].Answers[0].Copies, 1)
			is(t, "and before the second", f.DNS[0].Answers[1].Copies, 2)
		}
	}
}

func TestDNSSaysHowItWasAsked(t *testing.T) {
	c := newAsk(t)
	c.datagram(up, query(t, 7, "cHat.Example"))
	c.datagram(down, reply(t, 7, "chat.example", good))
	x := c.facts().DNS[0]
	is(t, "asked in both cases", x.Mixed(), true)
	is(t, "another case came back", x.Answers[0].Recased, true)
	c.datagram(up, query(t, 8, "chat.example"))
	b := reply(t, 8, "chat.example", good)
	b[len(b)-5]++ // the length of its address
	c.datagram(down, b)
	x = c.facts().DNS[1]
	is(t, "asked in one case", x.Mixed(), false)
	is(t, "the same came back", x.Answers[0].Recased, false)
	is(t, "broken", x.Answers[0].Broken, true)
}

func TestDNSText(t *testing.T) {
	n := dnsmessage.MustNewName("id.server.")
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, Response: true},
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassCHAOS}},
		Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: n, Class: dnsmessage.ClassCHAOS},
			Body: &dnsmessage.TXTResource{TXT: []string{"fra1.example"}}}},
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	c := newAsk(t)
	c.datagram(down, b)
	x := c.facts().DNS[0]
	is(t, "class", x.QClass, 3)
	is(t, "text", x.Answers[0].Text, "fra1.example")
	if c.facts().DNS[0].Query.Num != 0 || !strings.Contains(x.QName, "server") {
		t.Errorf("%+v", x)
	}
}

func TestWake(t *testing.T) {
	c := newAsk(t)
	c.datagram(up, query(t, 7, "a.example"))
	ref := c.Out.Asked[0].Ref
	c.Wake(Ref{})
	c.Wake(Ref{ID: ref.ID, Num: ref.Num + 1})
	is(t, "another flow", len(c.Dirty), 0)
	c.Wake(ref)
	is(t, "to judge", len(c.Dirty), 1)
	is(t, "suspect", c.Table.At(c.id()).Rec.Suspect(), true)
	c.Out.SetShard(3)
	is(t, "shard", c.Out.Asked[0].Ref.Shard, 3)
	is(t, "query", c.Out.Asked[0].Query.Flow, fact.FlowID(ref.Num))
}
