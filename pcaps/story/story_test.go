package story

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
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
		{site.WAWeb, "157.240.205.60/31"}, {site.WAChat, "157.240.1.60/31"}, {site.WAChat2, "157.240.9.53/32"}, {site.WAMedia, "157.240.192.0/18"},
		{site.TGChat, "149.154.160.0/20"}, {site.TGWeb, "149.154.160.0/20"}, {site.TGMedia, "91.105.192.0/23"},
		{site.MaxChat, "217.20.144.0/20"}, {site.MaxFiles, "217.20.144.0/20"},
		{site.SignalChat, "13.248.212.111/32"}, {site.SignalChat2, "76.223.92.165/32"},
		{site.WARelay, "157.240.192.0/18"}, {site.TGReflector, "91.108.8.0/22"}, {site.TGChatMedia, "149.154.164.250/32"},
		{site.OKCalls, "217.20.144.0/20"}, {site.VKRelay, "155.212.192.0/20"}, {site.DiscordVoice, "66.22.192.0/18"}, {site.SignalRelay, "34.117.136.13/32"},
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
	for _, s := range site.All {
		a := s.Address()
		bad := !a.IsGlobalUnicast() || a.IsPrivate()
		for _, p := range reserved {
			bad = bad || netip.MustParsePrefix(p).Contains(a)
		}
		if bad {
			t.Errorf("%v of %v", a, s.Names)
		}
		if s.RTT/2 <= script.BoxDelay+time.Millisecond || s.Hops <= script.BoxHops {
			t.Errorf("%v lies before the boxes", a)
		}
	}
}

func TestMatchKnowsBothDirections(t *testing.T) {
	m := to(site.WAWeb)
	there := netip.AddrPortFrom(netip.MustParseAddr(site.WAWeb), 443)
	here := netip.AddrPortFrom(script.ClientAddr, 40000)
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
