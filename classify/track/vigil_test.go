package track

import (
	"bytes"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// told takes the latest word on a conversation, and what is to be judged.
func (c chat) told() (t fact.Talk, judged int) {
	c.t.Helper()
	if n := len(c.Out.Talks); n > 0 {
		t = c.Out.Talks[n-1].Talk
	}
	judged = len(c.Dirty)
	for _, id := range c.Dirty {
		c.Table.At(id).Rec.Due()
	}
	c.Dirty = c.Dirty[:0]
	c.Out.Reset()
	return t, judged
}

// datagrams is what is known of the conversation now.
func (c chat) datagrams() *fact.Datagrams {
	c.t.Helper()
	id, e, _ := c.Table.Find(&c.key, c.key.Hash(testSeed))
	if e == nil {
		c.t.Fatal("no such flow")
	}
	var f fact.Flow
	c.Snapshot(id, &f, c.now, fact.StillOpen)
	if f.Datagrams == nil {
		c.t.Fatal("no record of its datagrams")
	}
	return f.Datagrams
}

// reflectorHello is tgcalls' (ReflectorPort.cpp). Its first byte is anything.
func reflectorHello(first byte) []byte {
	tag := cat([]byte{first}, bytes.Repeat([]byte{3, 5, 7, 11, 13}, 3))
	return cat(tag, bytes.Repeat([]byte{0xff}, 12), []byte{0xfe, 0xff, 0xff, 0xff}, []byte{0, 0, 0, 0, 0, 0, 0, 123})
}

func TestWhatIsAsked(t *testing.T) {
	username := attr(0x0006, []byte("a:b1"))
	for _, tc := range []struct {
		name  string
		b     []byte
		want  fact.Ask
		media uint32
	}{
		{"its own address", stunMessage(stunBinding), fact.AskBinding, 0},
		{"a check", stunMessage(stunBinding, attr(0x0024, []byte{1, 2, 3, 4}), username), fact.AskCheck, 0},
		{"a relay", stunMessage(0x0003), fact.AskRelay, 0},
		{"WhatsApp's ping", stunMessage(0x0801), fact.AskRelay, 0},
		{"a reflector, its tag like DTLS", reflectorHello(22), fact.AskReflector, 0},
		{"a reflector, its tag like a channel", reflectorHello(0x42), fact.AskReflector, 0},
		{"DTLS", dtlsHello("chat.example"), fact.AskDTLS, 0},
		{"QUIC", mine.hello("chat.example"), fact.AskQUIC, 0},
		{"RTP, before anybody answered", audio().next(), fact.AskOther, 1},
		{"an answer of STUN, which asks nothing", stunMessage(stunAllocated), fact.AskOther, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			c.say(up, tc.b)
			if d := c.datagrams(); d.First != tc.want || d.Rounds.Count != 1 || d.Media[up].Count != tc.media {
				t.Errorf("asks for %s in %d rounds, %d media", d.First, d.Rounds.Count, d.Media[up].Count)
			}
		})
	}
}

func TestRoundsOfAsking(t *testing.T) {
	c := newChat(t)
	hello := mine.hello("chat.example")
	for i := range 5 {
		c.say(up, hello)
		c.say(up, hello) // a probe timeout sends two
		told, judged := c.told()
		if want := max(0, i-1); (told.Rounds != 0) != (want > 0) || judged != min(1, max(0, i-2)) {
			t.Errorf("round %d: told of %d, %d to judge", i+1, told.Rounds, judged)
		}
		c.wait(300 * time.Millisecond << i)
	}
	d := c.datagrams()
	if d.Rounds.Count != 5 || len(d.Rounds.Marks()) != 5 || d.Heard.Num != 0 {
		t.Errorf("%d rounds, marks %v, heard %v", d.Rounds.Count, d.Rounds.Marks(), d.Heard)
	}
	c.say(down, mine.answer())
	if told, _ := c.told(); told.Answered == 0 || told.Ask != fact.AskQUIC || c.datagrams().Rounds.Count != 0 {
		t.Errorf("after the answer: %+v", told)
	}
}

// TestChecksAreNobodysBusiness: B31, candidates go unanswered in every call.
func TestChecksAreNobodysBusiness(t *testing.T) {
	c := newChat(t)
	for range 20 {
		c.say(up, stunMessage(stunBinding, attr(0x0006, []byte("a:b1"))))
		c.wait(500 * time.Millisecond)
	}
	if told, judged := c.told(); told.Flow != 0 || judged != 0 {
		t.Errorf("told %+v, %d to judge", told, judged)
	}
}

func TestMediaCut(t *testing.T) {
	call := func(t *testing.T) (chat, *rtpSource) {
		c, s := newChat(t), audio()
		c.say(up, stunMessage(stunBinding, attr(0x0006, []byte("a:b1"))))
		c.say(down, stunMessage(stunBinding, attr(0x0006, []byte("b:a1"))))
		c.say(up, stunMessage(0x0101))
		for range 60 {
			c.play(up, s, 1, nil)
			c.say(down, s.next())
		}
		c.Attend(c.now)
		if told, judged := c.told(); !told.Carried || told.Cut != fact.NotCut || judged != 0 {
			t.Fatalf("while all is well: %+v, %d to judge", told, judged)
		}
		return c, s
	}
	t.Run("C3: nothing comes, the caller sends on", func(t *testing.T) {
		c, s := call(t)
		c.play(up, s, 160, nil)
		c.Attend(c.now)
		told, judged := c.told()
		if told.Cut != fact.CutMedia || judged != 1 || told.Before[down].Packets != 61 || told.Before[up].Packets != 62 {
			t.Errorf("%+v, %d to judge", told, judged)
		}
		if c.Attend(c.now); len(c.Out.Talks) != 0 {
			t.Error("told at once again")
		}
		c.say(down, s.next())
		if told, _ := c.told(); told.Cut != fact.NotCut || told.Flow == 0 {
			t.Errorf("it went on: %+v", told)
		}
	})
	t.Run("C3: media stop, checks are answered", func(t *testing.T) {
		c, s := call(t)
		for range 8 {
			c.play(up, s, 20, nil)
			c.say(down, stunMessage(0x0101))
		}
		c.Attend(c.now)
		if told, _ := c.told(); told.Cut != fact.CutOneWay {
			t.Errorf("%+v", told)
		}
	})
	t.Run("C3: both sides stop", func(t *testing.T) {
		c, _ := call(t)
		c.wait(time.Minute)
		if c.Attend(c.now); len(c.Out.Talks) != 0 {
			t.Errorf("%+v", c.Out.Talks)
		}
	})
	t.Run("N18: little comes", func(t *testing.T) {
		c, s := call(t)
		for range 10 {
			c.play(up, s, 20, nil)
			c.say(down, s.next())
		}
		if c.Attend(c.now); len(c.Out.Talks) != 0 {
			t.Errorf("%+v", c.Out.Talks)
		}
	})
}

// TestMediaInsideARelay: what a relay carries is told from what it says itself.
func TestMediaInsideARelay(t *testing.T) {
	c := newChat(t)
	indication := func(typ int, b []byte) []byte {
		return stunMessage(typ, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, b))
	}
	check := stunMessage(stunBinding, attr(0x0006, []byte("b:a1")))
	c.say(up, stunMessage(0x0003))
	c.say(down, stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000))))
	c.say(down, indication(stunData, check))
	c.say(down, channelData(check))
	c.say(down, channelData(audio().next()))
	c.say(down, indication(stunData, audio().next()))
	c.say(up, channelData(audio().next()))
	c.say(up, indication(stunSend, dtlsHello("chat.example")))
	if d := c.datagrams(); d.PeerChecks != 2 || d.Media[down].Count != 2 || d.Media[up].Count != 1 || d.Keys[up].Count != 1 {
		t.Errorf("%d checks, media %d down, %d up, %d hellos", d.PeerChecks, d.Media[down].Count, d.Media[up].Count, d.Keys[up].Count)
	}
}

func TestStoppedWithinAFlight(t *testing.T) {
	transfer := func(t *testing.T, last int) chat {
		c := newChat(t)
		c.say(up, mine.hello("chat.example"))
		c.say(down, mine.answer())
		for range 12 {
			c.say(down, short(1300))
		}
		c.say(down, short(last))
		c.say(up, short(35))
		c.told()
		return c
	}
	for _, tc := range []struct {
		name string
		last int
		wait time.Duration
		want fact.Cut
	}{
		{"F16, Z3: full to the last", 1300, 6 * time.Second, fact.CutFlight},
		{"four seconds", 1300, 4 * time.Second, fact.NotCut},
		{"it had an end", 300, 6 * time.Second, fact.NotCut},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := transfer(t, tc.last)
			c.Attend(c.now + int64(time.Second)) // it is not cut yet, and is looked at again when it may be
			c.wait(tc.wait)
			c.Attend(c.now)
			if told, judged := c.told(); told.Cut != tc.want || judged != min(1, int(tc.want)) {
				t.Errorf("%+v, %d to judge", told, judged)
			}
		})
	}
	t.Run("F16: the client asks again", func(t *testing.T) {
		c := transfer(t, 300)
		for range 4 {
			c.wait(2 * time.Second)
			c.say(up, short(35))
		}
		c.Attend(c.now)
		if told, _ := c.told(); told.Cut != fact.CutDemand {
			t.Errorf("%+v", told)
		}
	})
}

// TestMergedDatagramsAreMeasured: UDP_GRO hands several over as one.
func TestMergedDatagramsAreMeasured(t *testing.T) {
	var k vigil
	k.measure(&capture.Packet{PayloadLen: 1280})
	k.measure(&capture.Packet{PayloadLen: 3 * 1280, Segs: 3})
	if k.Longest != 1280 || k.Full != 4 {
		t.Errorf("longest %d, %d full", k.Longest, k.Full)
	}
	if k.measure(&capture.Packet{PayloadLen: 2*1280 + 40, Segs: 3}); k.Longest != 1280 || k.Full != 0 {
		t.Errorf("longest %d, %d full", k.Longest, k.Full)
	}
}

// TestVigilsAreBounded: many conversations take the records of those silent for
// longest, and what begins anew says that it began late.
func TestVigilsAreBounded(t *testing.T) {
	b := newBench(t, 4<<20)
	first := b.chat(1000, 443)
	first.say(up, stunMessage(stunBinding))
	limit := b.vigils.limit
	for i := range 2 * limit {
		b.wait(10 * time.Millisecond)
		b.chat(uint16(2000+i), 443).say(up, stunMessage(stunBinding))
	}
	if b.vigils.made > limit {
		t.Errorf("%d records, %d are allowed", b.vigils.made, limit)
	}
	first.say(up, stunMessage(stunBinding))
	if d := first.datagrams(); !d.Late || d.First != fact.AskNothing {
		t.Errorf("late %v, asks for %s", d.Late, d.First)
	}
	b.Table.Each(func(id flow.ID, e *flow.Entry[Flow]) {
		if x := b.extraOf(&e.Rec); x != nil && x.vigil != nil && b.vigils.links[x.vigil.slot].owner != id {
			t.Error("a record has two owners")
		}
	})
	b.finish()
}
