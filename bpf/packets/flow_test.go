//go:build linux

package packets

import (
	"testing"

	"github.com/cilium/ebpf"
)

// exchange shows frames to a program and says which went whole: 'W', the others 'h'.
func exchange(t *testing.T, p *Program, program *ebpf.Program, frames ...[]byte) (s string) {
	t.Helper()
	for _, f := range frames {
		if len(sent(t, p, program, f).bytes) == len(f) {
			s += "W"
		} else {
			s += "h"
		}
	}
	return s
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s went whole, want %s", what, got, want)
	}
}

// The first two packets with payload of each direction go whole, whatever comes
// between; a SYN begins anew, one with ACK does not.
func TestFirstPayloads(t *testing.T) {
	p := loaded(t, small)
	there := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(late))))
	back := reversed(there)
	open := ether(0x0800, v4(6, tcp(1000, 443, syn, 20, nil)))
	answer := reversed(ether(0x0800, v4(6, tcp(1000, 443, syn|ack, 20, nil))))
	bare := append(ether(0x0800, v4(6, tcp(1000, 443, ack, 12, nil))), 0) // padded: one byte tells the two apart
	same(t, "mid-stream", exchange(t, p, p.EtherIn, there, there, there, back, back, back), "WWhWWh")
	same(t, "a SYN ACK", exchange(t, p, p.EtherIn, answer, there, back), "Whh")
	same(t, "a SYN", exchange(t, p, p.EtherIn, open, bare, there, back, bare, there, there, back, back), "WhWWhWhWh")
	same(t, "the other way", exchange(t, p, p.EtherOut, there, back), "hh")
	same(t, "a SYN the other way", exchange(t, p, p.EtherIn, reversed(open), there, there, there), "WWWh")
	tagged := ether(0x0800, there[14:], 0x8100)
	same(t, "the same flow with a tag", exchange(t, p, p.EtherIn, tagged), "h")
	same(t, "the same flow without a link header", exchange(t, p, p.IPOut, there[14:]), "h")
}

// Control packets and what goes whole anyway do not use up the first payloads.
func TestWholeAnywayIsNotCounted(t *testing.T) {
	p := loaded(t, small)
	data := ether(0x0800, v4(6, tcp(1000, 443, ack, 0, zeros(late))))
	end := ether(0x0800, v4(6, tcp(1000, 443, fin|ack, 0, zeros(late))))
	same(t, "FIN with payload", exchange(t, p, p.EtherIn, end, end, end, data, data, data), "WWWWWh")
	media := ether(0x0800, v4(17, udp(3000, 3001, zeros(late))))
	check := ether(0x0800, v4(17, udp(3000, 3001, starting(late, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42))))
	same(t, "STUN", exchange(t, p, p.EtherIn, check, check, check, media, media, media), "WWWWWh")
}

// Flows are told apart by each part of the five-tuple.
func TestFlowsAreApart(t *testing.T) {
	p := loaded(t, small)
	frames := [][]byte{
		ether(0x0800, v4(6, tcp(1000, 443, ack, 0, zeros(late)))),
		ether(0x0800, v4(6, tcp(1001, 443, ack, 0, zeros(late)))),
		ether(0x0800, v4(6, tcp(1000, 444, ack, 0, zeros(late)))),
		ether(0x0800, v4(6, tcp(443, 1000, ack, 0, zeros(late)))),
		ether(0x0800, set(v4(6, tcp(1000, 443, ack, 0, zeros(late))), 15, 9)),
		ether(0x0800, set(v4(6, tcp(1000, 443, ack, 0, zeros(late))), 19, 9)),
		ether(0x0800, v4(17, udp(1000, 443, zeros(late)))),
		ether(0x86dd, v6(6, tcp(1000, 443, ack, 0, zeros(late)))),
		ether(0x86dd, set(v6(6, tcp(1000, 443, ack, 0, zeros(late))), 9, 9)),
		ether(0x86dd, set(v6(6, tcp(1000, 443, ack, 0, zeros(late))), 39, 9)),
	}
	for i, f := range frames {
		if got := exchange(t, p, p.EtherIn, f, f, f); got != "WWh" {
			t.Errorf("frame %d: %s", i, got)
		}
	}
}

// The key in the map is capture.Key's canonical one.
func TestFlowKey(t *testing.T) {
	mapped := func(a [4]byte) [16]byte { return [16]byte{10: 0xff, 11: 0xff, 12: a[0], 13: a[1], 14: a[2], 15: a[3]} }
	low, high := [4]byte{9, 255, 255, 255}, [4]byte{10, 0, 0, 0}
	ends := func(src, dst [4]byte, b []byte) []byte {
		return ether(0x0800, set(set(v4(6, b), 12, src[:]...), 16, dst[:]...))
	}
	ends6 := func(src, dst [16]byte, b []byte) []byte {
		return ether(0x86dd, set(set(v6(6, b), 8, src[:]...), 24, dst[:]...))
	}
	low6, high6 := [16]byte{0: 1, 8: 9}, [16]byte{0: 1, 8: 10, 15: 1}
	p := loaded(t, small)
	seg := tcp(5, 600, ack, 0, zeros(10))
	for _, c := range []struct {
		frame []byte
		want  flowKey
	}{
		{ends(low, high, seg), flowKey{mapped(low), mapped(high), 5, 600, 6, [3]byte{}}},
		{ends(high, low, seg), flowKey{mapped(low), mapped(high), 600, 5, 6, [3]byte{}}},
		{ends(low, low, seg), flowKey{mapped(low), mapped(low), 5, 600, 6, [3]byte{}}},
		{ends(low, low, tcp(600, 5, ack, 0, zeros(10))), flowKey{mapped(low), mapped(low), 5, 600, 6, [3]byte{}}},
		{ends6(low6, high6, seg), flowKey{low6, high6, 5, 600, 6, [3]byte{}}},
		{ends6(high6, low6, seg), flowKey{low6, high6, 600, 5, 6, [3]byte{}}},
		{ends6([16]byte{2}, [16]byte{1, 15: 9}, seg), flowKey{[16]byte{1, 15: 9}, [16]byte{2}, 600, 5, 6, [3]byte{}}},
	} {
		pass(t, p.EtherIn, c.frame, nil)
		var k flowKey
		var v flowValue
		it := p.Flows.Iterate()
		if !it.Next(&k, &v) || k != c.want {
			t.Errorf("key %+v, want %+v", k, c.want)
		}
		if v.Payloads[0]+v.Payloads[1] != 1 || v.Born == 0 {
			t.Errorf("entry %+v", v)
		}
		if it.Next(&k, &v) {
			t.Error("a second entry")
		}
		if err := p.Flows.Delete(&c.want); err != nil {
			t.Fatal(err)
		}
	}
}

// Acknowledgements make no entries: a flood of them forgets no flow.
func TestNoEntryWithoutPayload(t *testing.T) {
	p := loaded(t, small)
	for _, f := range [][]byte{
		ether(0x0800, v4(6, tcp(1000, 443, ack, 0, nil))), ether(0x0800, v4(6, tcp(1000, 443, rst, 0, nil))),
		ether(0x0800, v4(50, zeros(late))), ether(0x0800, v4(17, udp(1000, 53, zeros(late)))), ether(0x0806, zeros(46)),
	} {
		pass(t, p.EtherIn, f, nil)
	}
	var k flowKey
	var v flowValue
	if p.Flows.Iterate().Next(&k, &v) {
		t.Errorf("an entry: %+v", k)
	}
}
