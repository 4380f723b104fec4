package story

import (
	"net/netip"
	"slices"
	"testing"

	"chokepoint/pcaps/synth"
)

func TestStoriesAreSortedAndToldOnce(t *testing.T) {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) || len(names) < 12 {
		t.Error(names)
	}
}

func TestMessengersLiveInTheirPublishedPrefixes(t *testing.T) {
	for _, tt := range []struct {
		addr   string
		prefix string
	}{
		{waWeb, "157.240.205.60/31"}, {waChat, "157.240.1.60/31"}, {waChat2, "157.240.9.53/32"}, {waMedia, "157.240.192.0/18"},
		{tgChat, "149.154.160.0/20"}, {tgWeb, "149.154.160.0/20"}, {tgMedia, "91.105.192.0/23"},
		{maxChat, "217.20.144.0/20"}, {maxFiles, "217.20.144.0/20"},
		{sigChat, "13.248.212.111/32"}, {sigChat2, "76.223.92.165/32"},
		{waRelay, "157.240.192.0/18"}, {tgReflector, "91.108.8.0/22"}, {tgChatMedia, "149.154.164.250/32"},
		{okCalls, "217.20.144.0/20"}, {vkRelay, "155.212.192.0/20"}, {discordVoice, "66.22.192.0/18"}, {sigRelay, "34.117.136.13/32"},
	} {
		if !netip.MustParsePrefix(tt.prefix).Contains(netip.MustParseAddr(tt.addr)) {
			t.Errorf("%s is outside %s", tt.addr, tt.prefix)
		}
	}
}

// Honest answers must not look forged: RFC 6890 reserves the documentation
// ranges.
func TestHonestNamesHavePublicAddresses(t *testing.T) {
	reserved := []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "100.64.0.0/10"}
	for _, s := range sites {
		a := s.address()
		bad := !a.IsGlobalUnicast() || a.IsPrivate()
		for _, p := range reserved {
			bad = bad || netip.MustParsePrefix(p).Contains(a)
		}
		if bad {
			t.Errorf("%v of %v", a, s.names)
		}
		if s.rtt/2 <= boxDelay+stackDelay || s.hops <= boxHops {
			t.Errorf("%v lies before the boxes", a)
		}
	}
}

func TestMatchKnowsBothDirections(t *testing.T) {
	m := to(waWeb)
	there := netip.AddrPortFrom(netip.MustParseAddr(waWeb), 443)
	here := netip.AddrPortFrom(clientAddr, 40000)
	for _, tt := range []struct {
		p    synth.Packet
		want bool
	}{
		{synth.Packet{Dir: synth.Up, Src: here, Dst: there, Proto: 6}, true},
		{synth.Packet{Dir: synth.Down, Src: there, Dst: here, Proto: 6}, true},
		{synth.Packet{Dir: synth.Down, Src: here, Dst: there, Proto: 6}, false},
	} {
		if m(&tt.p) != tt.want {
			t.Errorf("%+v", tt.p)
		}
	}
}

func TestABrokenStoryIsAnError(t *testing.T) {
	s := Story{Name: "broken", tell: func() *world { return newWorld("no time", 1) }}
	if _, err := s.Files(); err == nil {
		t.Error("a story without a time was told")
	}
}
