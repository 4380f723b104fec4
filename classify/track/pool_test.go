package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// TestFloodDoesNotEndConversations: where half-open flows are many they make
// room first.
func TestFloodDoesNotEndConversations(t *testing.T) {
	b := newBench(t, 400<<10)
	for i := range uint16(50) {
		b.talk(1000+i, 443).open()
	}
	for i := range uint16(5000) {
		b.talk(10_000+i, 443).send(up, capture.SYN, nil)
	}
	is(t, "established flows", b.Table.LenOf(QActive), 50)
	if b.Evicted == 0 || b.Evicted+uint64(b.Table.Len()) != b.Flows {
		t.Errorf("%d begun, %d evicted, %d known", b.Flows, b.Evicted, b.Table.Len())
	}
	for _, f := range b.ended {
		if f.End != fact.EndEvicted || f.Blind&fact.BlindEvicted == 0 || f.State != "half_open" {
			t.Fatalf("ended %v, blind %v, %s", f.End, f.Blind.Names(), f.State)
		}
	}
}

// TestLongestSilentGoes: else the flow goes that was silent for longest.
func TestLongestSilentGoes(t *testing.T) {
	b := newBench(t, 200<<10)
	for i := range uint16(2000) {
		b.talk(1000+i, 443).open()
		b.wait(2 * time.Second)
		if b.Evicted > 0 {
			break
		}
	}
	is(t, "evicted", b.Evicted, 1)
	is(t, "first to go", b.ended[0].ID, fact.FlowID(1))
}

// TestGrowthCounts: what flows come to hold after they began is kept to the
// budget at the ticks.
func TestGrowthCounts(t *testing.T) {
	b := newBench(t, 1<<20)
	room := b.conf.Memory - b.conf.Memory/restShare
	for i := range uint16(1000) {
		b.talk(1000+i, 443).open()
	}
	for i := range uint16(1000) {
		c := b.talk(1000+i, 443)
		c.rst(up, rel(1))
	}
	before := b.Table.Len()
	for b.Tick(b.now, 1000) {
	}
	if n := b.Table.Len()*b.perFlow + b.side; n > room {
		t.Errorf("%d bytes held, there is room for %d (%d flows, %d before the tick)", n, room, b.Table.Len(), before)
	}
	if b.Table.Len() < 100 {
		t.Errorf("only %d flows are left", b.Table.Len())
	}
}

func TestStolenWork(t *testing.T) {
	b := newBench(t, 1<<20)
	first := b.talk(999, 443).open()
	first.send(up, pushAck, tlsHello("chat.example", 3000)[:1400])
	is(t, "memory of streams", b.buffered > 0, true)
	for i := range uint16(b.works.limit) {
		c := b.talk(1000+i, 443).open()
		c.wait(2 * time.Second)
		c.send(up, pushAck, []byte("hello there"))
	}
	is(t, "works", b.works.made, b.works.limit)
	is(t, "stolen", b.Stolen, 1)
	is(t, "memory of streams", b.buffered, 0)
	f := first.facts()
	is(t, "blind", f.Blind&fact.BlindEvicted, fact.BlindEvicted)
	is(t, "hello", f.Hello.First.Num, 0)
	is(t, "payload", f.Sides[up].Payload, 1400)
	is(t, "stolen", b.Table.At(first.id()).Rec.Stolen(), true)
	first.data(down, 100) // it goes on, with the next one's
	is(t, "stolen", b.Stolen, 2)
	is(t, "server payload", first.side(down).Payload, 100)
	if b.Bytes() > b.conf.Memory {
		t.Errorf("%d bytes held", b.Bytes())
	}
}

// TestReleaseGivesAllBack: names, trouble, DNS and streams are accounted until
// their flow ends, and no longer.
func TestReleaseGivesAllBack(t *testing.T) {
	b := newBench(t, 8<<20)
	for round := range 3 {
		c := b.talk(1, 443).open()
		c.send(up, pushAck, tlsHello("", 0))
		c.send(down, pushAck, cat(record(22, serverHello()), record(22, certificate(t, "cn.example", "a.example"))))
		c.rst(down)
		c = b.talk(2, 80).open()
		c.send(up, pushAck, []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"))
		c.send(down, pushAck, []byte("HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\n\r\n"))
		c = b.talk(3, 53)
		(&ask{c}).key.Proto = capture.ProtoUDP
		for i := range uint16(40) {
			(&ask{c}).datagram(up, query(t, i, "a.example"))
			(&ask{c}).datagram(down, reply(t, i, "a.example", good, other))
		}
		d := b.chat(4, 443)
		d.say(up, mine.hello("chat.example"))
		d.say(up, decoy.hello("a-longer-decoy.example"))
		d = b.chat(5, 443)
		d.say(up, mine.parts(clientHello("chat.example", 900), 500)[1])
		d = b.chat(6, 3478)
		d.say(up, stunMessage(stunBinding))
		d.say(down, dtlsRecord(22, dtlsFragment(dtlsBody("chat.example"), 0, 40)))
		d.play(up, audio(), 80, nil)
		if b.side == 0 || b.buffered == 0 {
			t.Fatalf("round %d: %d bytes beside the records, %d in streams: the test holds nothing", round, b.side, b.buffered)
		}
		for b.EndSome(1) {
		}
		holdsNothing(t, b)
	}
	is(t, "extras used again", len(b.extras)-1 <= 6, true)
	is(t, "speeches used again", b.speeches.made <= slab, true)
	is(t, "readers of hellos used again", len(b.spareQUIC) <= 3, true)
	is(t, "names used again", b.usedNames <= 5, true)
}

// holdsNothing checks that a tracker without flows holds nothing.
func holdsNothing(t interface{ Errorf(string, ...any) }, b *bench) {
	works := 0
	for w := b.works.free; w != 0; w = b.works.links[w].older {
		works++
	}
	for _, x := range []struct {
		what      string
		got, want int
	}{
		{"flows", b.Table.Len(), 0},
		{"bytes beside the records", b.side, 0},
		{"bytes in streams", b.buffered, 0},
		{"extras in use", len(b.extras) - 1 - len(b.freeX), 0},
		{"names in use", int(b.usedNames) - len(b.freeNames), 0},
		{"transmission logs in use", len(b.bulks.logs), 0},
		{"works in use", b.works.made - works, 0},
		{"speeches in use", b.inUse(), 0},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d at the end", x.what, x.got)
		}
	}
	if b.works.oldest != 0 || b.works.newest != 0 {
		t.Errorf("a work is still in line")
	}
	if b.speeches.oldest != 0 || b.speeches.newest != 0 {
		t.Errorf("a speech is still in line")
	}
}
