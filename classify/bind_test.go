package classify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

var (
	asker = netip.MustParseAddr("192.168.1.6")
	asked = netip.MustParseAddr("198.51.100.7")
)

// resolved is an answer that a client got at some second.
func resolved(name string, at int64, ttl uint32, addrs ...netip.Addr) *track.DNSSeen {
	return &track.DNSSeen{
		Query:  fact.DNS{QName: name, QType: typeA, Client: asker},
		Answer: fact.DNSAnswer{Time: at * second, MinTTL: ttl, Addrs: addrs},
	}
}

func boundAt(b *bindings, client, asked netip.Addr, at int64) string {
	names, more := b.of(client, asked, at*second)
	if more {
		names = append(names, "...")
	}
	return strings.Join(names, " ")
}

func TestNamesHoldForAWhile(t *testing.T) {
	const week = maxTTL
	for _, c := range []struct {
		why  string
		said []*track.DNSSeen
		at   int64
		want string
	}{
		{"from the answer on", []*track.DNSSeen{resolved("a.example", 100, 60, asked)}, 100, "a.example"},
		{"clocks differ", []*track.DNSSeen{resolved("a.example", 100, 60, asked)}, 99, "a.example"},
		{"not before", []*track.DNSSeen{resolved("a.example", 100, 60, asked)}, 98, ""},
		{"for the TTL and 300 s", []*track.DNSSeen{resolved("a.example", 100, 200, asked)}, 600, "a.example"},
		{"no longer", []*track.DNSSeen{resolved("a.example", 100, 200, asked)}, 601, ""},
		{"a short TTL counts as 60 s", []*track.DNSSeen{resolved("a.example", 100, 0, asked)}, 460, "a.example"},
		{"no longer", []*track.DNSSeen{resolved("a.example", 100, 59, asked)}, 461, ""},
		{"a TTL beyond reason is a week", []*track.DNSSeen{resolved("a.example", 100, 1<<31-1, asked)}, 100 + week + 301, ""},
		{"which holds", []*track.DNSSeen{resolved("a.example", 100, 1<<31-1, asked)}, 100 + week + 300, "a.example"},
		{"a negative one is none", []*track.DNSSeen{resolved("a.example", 100, 1<<32-1, asked)}, 461, ""},
		{"renewed", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("a.example", 400, 60, asked)}, 700, "a.example"},
		{"renewed, long before", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("a.example", 400, 60, asked)}, 101, "a.example"},
		{"between two answers", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("a.example", 900, 60, asked)}, 600, ""},
		{"of the first of two", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("a.example", 900, 60, asked)}, 200, "a.example"},
		{"the latest first", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("b.example", 101, 60, asked)}, 200, "b.example a.example"},
		{"what was told a moment later comes last", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("b.example", 101, 60, asked),
			resolved("c.example", 103, 60, asked)}, 102, "b.example a.example c.example"},
		{"asked for again", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("b.example", 101, 60, asked),
			resolved("a.example", 102, 60, asked)}, 200, "a.example b.example"},
		{"a mapped address", []*track.DNSSeen{resolved("a.example", 100, 60, netip.AddrFrom16(asked.As16()))}, 200, "a.example"},
		{"of several addresses", []*track.DNSSeen{resolved("a.example", 100, 60, netip.MustParseAddr("198.51.100.8"), asked)}, 200, "a.example"},
		{"when two answers hold", []*track.DNSSeen{resolved("a.example", 100, 60, asked), resolved("a.example", 460, 60, asked)}, 460, "a.example"},
		{"when two answers hold by a clock that is off", []*track.DNSSeen{resolved("a.example", 100, 60, asked),
			resolved("a.example", 461, 60, asked)}, 460, "a.example"},
		{"none", []*track.DNSSeen{resolved("a.example", 100, 60)}, 200, ""},
	} {
		b := newBindings()
		for _, d := range c.said {
			b.learn(d)
		}
		if got := boundAt(b, asker, asked, c.at); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
		if got := boundAt(b, asker, netip.AddrFrom16(asked.As16()), c.at); got != c.want {
			t.Errorf("%s: mapped, %q, want %q", c.why, got, c.want)
		}
		if got := boundAt(b, netip.MustParseAddr("192.168.1.7"), asked, c.at); got != "" {
			t.Errorf("%s: another client's too: %q", c.why, got)
		}
	}
}

// TestMoreNamesThanAreKept: an address with more names than are kept is nobody's
// alone, as long as those that were dropped would hold.
// A host with both versions of IP asks over one for addresses of the other.
func TestNamesOfTheOtherVersion(t *testing.T) {
	six, other := netip.MustParseAddr("2001:db8:1::6"), netip.MustParseAddr("2001:db8:1::7")
	there := netip.MustParseAddr("2001:db8:ffff::7")
	b := newBindings()
	b.learn(resolved("a.example", 100, 60, asked, there))
	for _, c := range []struct {
		client, server netip.Addr
		want           string
	}{
		{asker, asked, "a.example"},
		{six, there, "a.example"},
		{netip.MustParseAddr("192.168.1.7"), asked, ""}, // whoever asked would ask from there
	} {
		if got := boundAt(b, c.client, c.server, 101); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.client, c.server, got, c.want)
		}
	}
	own := resolved("b.example", 100, 60, there)
	own.Query.Client = other
	b.learn(own)
	if got := boundAt(b, other, there, 101); got != "b.example" {
		t.Errorf("%q: what a client was told itself comes first", got)
	}
}

func TestMoreNamesThanAreKept(t *testing.T) {
	b := newBindings()
	for i := range maxBound {
		b.learn(resolved(fmt.Sprintf("n%d.example", i), 100, 60, asked))
	}
	if got := boundAt(b, asker, asked, 200); strings.Contains(got, "...") {
		t.Errorf("%d names are too many: %s", maxBound, got)
	}
	b.learn(resolved("last.example", 300, 60, asked))
	for at, want := range map[int64]string{
		400: "last.example n7.example n6.example n5.example n4.example n3.example n2.example n1.example ...",
		461: "last.example",
	} {
		if got := boundAt(b, asker, asked, at); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
}

func TestBindingsAreBounded(t *testing.T) {
	b := newBindings()
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + "." + strings.Repeat("d", 60)
	most := 0
	for i := range 3 * maxBindings {
		name := fmt.Sprintf("%d.%s", i, long)
		if i%3 > 0 { // the same address again
			b.learn(resolved(name, 100, 60, netip.AddrFrom4([4]byte{198, 0, 0, byte(i)})))
		}
		for _, n := range []string{name, "x" + name} {
			b.learn(resolved(n, 100, 60, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})))
		}
		if len(b.names) > maxBindings || len(b.order) != len(b.names) {
			t.Fatalf("%d addresses, %d in order", len(b.names), len(b.order))
		}
		most = max(most, b.bytes)
	}
	if limit := maxBindBytes + bindingSize + maxBound*(boundSize+maxSNI); most > limit || most < maxBindBytes/2 {
		t.Errorf("%d bytes at most, want up to %d", most, limit)
	}
	held := 0
	for _, x := range b.names {
		held += bindingSize
		if len(x.names) > maxBound {
			t.Fatalf("%d names of one address", len(x.names))
		}
		for _, n := range x.names {
			held += boundSize + len(n.name)
		}
	}
	if held != b.bytes {
		t.Errorf("%d bytes are counted, %d are held", b.bytes, held)
	}
}

const maxSNI = 255

func TestNamesOutsideHellos(t *testing.T) {
	b := newBindings()
	says := func(name string) {
		d := resolved("hidden.example", 100, 60)
		d.Answer.ECHName = name
		b.learn(d)
	}
	says("Front.Example.")
	says("")
	says("no name\x00")
	if !b.fronts("front.example") || b.fronts("") || b.fronts("hidden.example") || len(b.outer) != 1 {
		t.Errorf("fronts: %q", b.outer)
	}
	for i := range 2 * maxOuter {
		says(fmt.Sprintf("f%d.example", i))
		says("f0.example")
	}
	if len(b.outer) != maxOuter || b.fronts("front.example") || !b.fronts(fmt.Sprintf("f%d.example", 2*maxOuter-1)) {
		t.Errorf("%d fronts, want the latest %d", len(b.outer), maxOuter)
	}
	slices.Sort(b.outer)
	if n := len(slices.Compact(b.outer)); n != maxOuter {
		t.Errorf("%d fronts are different", n)
	}
}
