package track

import (
	"slices"
	"testing"

	"chokepoint/classify/service"
)

// asking is what the rules were shown of a payload.
type asking struct {
	up       bool
	nth      int
	text     string
	up1, dn1 string // the first payloads
}

// asker is a bench that writes down what its rules are asked.
func asker(t testing.TB) (*bench, *[]asking) {
	var got []asking
	return rulesBench(t, func(p *service.Payload, out []service.Sign) []service.Sign {
		got = append(got, asking{p.Up, p.Nth, string(p.Bytes), string(p.First[0].Bytes), string(p.First[1].Bytes)})
		if string(p.Bytes) == "hello there" {
			out = append(out, service.Sign{Rule: "greeting"})
		}
		return out
	}), &got
}

// TestStrangeStreams: rules see the first payloads of a stream, in order, and
// the first ones of that stream alone.
func TestStrangeStreams(t *testing.T) {
	const a, b, c = "hello there", "who is it", "nobody"
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want []asking
	}{
		{"in segments", func(k *talk) {
			k.send(up, pushAck, []byte(a))
			k.send(down, pushAck, []byte(b))
			k.send(up, pushAck, []byte(c))
		}, []asking{{true, 1, a, "", ""}, {false, 1, b, a, ""}, {true, 2, c, a, b}}},
		{"the first of two bytes", func(k *talk) {
			k.send(up, pushAck, []byte(a[:2]))
			k.send(up, pushAck, []byte(a[2:]))
			k.send(up, pushAck, []byte(c))
		}, []asking{{true, 1, a, "", ""}, {true, 2, c, a, ""}}},
		{"the first overtaken by the second", func(k *talk) {
			k.send(up, pushAck, []byte(a[5:]), rel(6))
			k.send(up, pushAck, []byte(a[:5]), rel(1))
		}, []asking{{true, 1, a, "", ""}}},
		{"the first sent twice", func(k *talk) {
			k.send(up, pushAck, []byte(a))
			k.send(up, pushAck, []byte(a), rel(1))
			k.send(up, pushAck, []byte(c))
		}, []asking{{true, 1, a, "", ""}, {true, 2, c, a, ""}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bench, got := asker(t)
			// Another stream used the same memory before.
			other := bench.talk(39999, 9000).open()
			other.send(up, pushAck, []byte("other up"))
			other.send(down, pushAck, []byte("other down"))
			for bench.EndSome(10) {
			}
			*got = nil
			k := bench.talk(40000, 9000).open()
			tc.send(k)
			if !slices.Equal(*got, tc.want) {
				t.Errorf("asked\n%+v, want\n%+v", *got, tc.want)
			}
			f := k.facts()
			is(t, "signs", len(f.Signs), 1)
			is(t, "app", f.App, "")
			bench.finish()
		})
	}
}

// TestStrangeMidstream: what is first in the capture is not first in its stream.
func TestStrangeMidstream(t *testing.T) {
	b, got := asker(t)
	k := b.talk(40000, 9000)
	k.send(up, pushAck, []byte("hello there"))
	k.send(down, pushAck, []byte("who is it"))
	k.send(up, pushAck, []byte("nobody"))
	for _, a := range *got {
		if a.nth <= 2 || a.up1 != "" || a.dn1 != "" {
			t.Errorf("asked %+v", a)
		}
	}
	is(t, "asked", len(*got), 3)
	b.finish()
}

// TestStrangeStreamsEnd: rules are asked so often and no more.
func TestStrangeStreamsEnd(t *testing.T) {
	b, got := asker(t)
	k := b.talk(40000, 9000).open()
	for range 40 {
		k.send(up, pushAck, []byte("chatter"))
		k.send(down, pushAck, []byte("chatter"))
	}
	is(t, "asked", len(*got), 2*maxTries)
	b.finish()
}

// TestSTUNOverTCP, with what it is used for.
func TestSTUNOverTCP(t *testing.T) {
	for _, tc := range []struct {
		name, app string
		typ       int
	}{{"checks", "stun", stunBinding}, {"a relay", "turn", stunAllocated}} {
		b, _ := signed(t, uint16(tc.typ))
		k := b.talk(40000, 3478).open()
		k.send(up, pushAck, stunMessage(tc.typ))
		f := k.facts()
		is(t, tc.name, f.App, tc.app)
		is(t, tc.name+": sign", len(f.Signs), 1)
		b.finish()
	}
}
