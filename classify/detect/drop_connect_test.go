package detect

import (
	"net/netip"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestDropConnect(t *testing.T) {
	live := dropWorld(living(0, 12))
	edit := func(change func(f *fact.Flow)) *fact.Flow {
		f := dropSYN(0, 1, 3, 7)
		change(f)
		return f
	}
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		blind string
	}{
		{"four SYNs into nothing, another party works", dropSYN(0, 1, 3, 7), live, finding.Suspected, ""},
		{"B36: a firewall on one host looks the same and stays suspected", dropSYN(0, 1, 3, 7, 15, 31), dropWorld(living(0, 60), living(3, 9)), finding.Suspected, ""},
		{"a kernel that retries every second", dropSYN(0, 1, 2, 3), live, finding.Suspected, ""},
		{"nothing else works", dropSYN(0, 1, 3, 7), dropWorld(), finding.Inconclusive, "no_control"},
		{"nothing else was answered: half of the capture may be missing", dropSYN(0, 1, 3, 7), dropWorld(), finding.Inconclusive, "one_way"},
		{"B24: all was quiet meanwhile", dropSYN(0, 1, 3, 7), dropWorld(living(-20, 0.2), living(8, 20)), finding.Inconclusive, "no_control"},
		{"what moved in the first moment was in flight", dropSYN(0, 1, 3, 7), dropWorld(living(-20, 1)), finding.Inconclusive, "no_control"},
		{"only the home router answers", dropSYN(0, 1, 3, 7), dropWorld(at(living(0, 12), "192.168.1.1")), finding.Inconclusive, "no_control"},
		{"only the carrier's own box answers", dropSYN(0, 1, 3, 7), dropWorld(at(living(0, 12), "100.64.0.1")), finding.Inconclusive, "no_control"},
		{"two SYNs, then the capture ends", func() *fact.Flow {
			f := dropSYN(0, 1)
			f.End = fact.EndOfCapture
			return f
		}(), live, "", ""},
		{"three SYNs are too few", dropSYN(0, 1, 3), live, "", ""},
		{"three SYNs, then the capture ends", func() *fact.Flow {
			f := dropSYN(0, 1, 3)
			f.End = fact.EndOfCapture
			return f
		}(), live, finding.Inconclusive, "capture_ended"},
		{"the last SYN was sent just now", edit(func(f *fact.Flow) { f.Now = f.Last }), live, "", ""},
		{"answered after all", edit(func(f *fact.Flow) { f.SYNACK, f.Handshake = fact.Mark{Num: 50}, true }), live, "", ""},
		{"refused by a reset", edit(func(f *fact.Flow) { f.ResetCount[fact.Down] = 1 }), live, "", ""},
		{"refused by ICMP", edit(func(f *fact.Flow) { f.ICMPs = []fact.ICMP{{Num: 9, Type: 3, Code: 1}} }), live, "", ""},
		{"any packet of the server", edit(func(f *fact.Flow) { f.Sides[fact.Down].Packets = 1 }), live, "", ""},
		{"only the client was captured, and it testifies", edit(func(f *fact.Flow) { f.Blind = fact.BlindOneWay }), live, finding.Unexplained, "one_way"},
		{"only the client was captured, and nothing of it is answered", edit(func(f *fact.Flow) { f.Blind = fact.BlindOneWay }), dropWorld(), finding.Inconclusive, "one_way"},
		{"the capture lost packets", edit(func(f *fact.Flow) { f.Blind = fact.BlindKernelDrops }), live, finding.Inconclusive, "kernel_drops"},
		{"evicted", edit(func(f *fact.Flow) { f.Blind = fact.BlindEvicted }), live, finding.Inconclusive, "evicted"},
		{"at the server it is the server that is silent", edit(func(f *fact.Flow) { f.Vantage = "server" }), live, finding.Inconclusive, "server_tap"},
		{"mid-stream", edit(func(f *fact.Flow) { f.Sides[fact.Up].SYN = fact.Mark{} }), live, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropConnect{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q; stopped by %+v", got, c.want, j.Stopped)
			}
			if c.blind != "" && !slices.Contains(j.Findings[0].Blind, c.blind) {
				t.Errorf("blind %v, want %q", j.Findings[0].Blind, c.blind)
			}
		})
	}
}

func TestDropConnectNamesItsPackets(t *testing.T) {
	f := DropConnect{}.Judge(dropSYN(0, 1, 3, 7), dropWorld(living(0, 12))).Findings[0]
	if !slices.Equal(f.Packets, []uint64{1, 11, 21, 31}) || f.Segment != finding.UnknownSegment {
		t.Errorf("packets %v, segment %s", f.Packets, f.Segment)
	}
	if want := "157.240.205.60 does not answer: SYN sent 4 times in 7.0 s, nothing came back"; f.Summary != want {
		t.Errorf("summary %q", f.Summary)
	}
	if !slices.Contains(f.NotRuledOut, "dead_host") || !slices.Contains(f.NotRuledOut, "far_end_firewall") {
		t.Errorf("not ruled out: %v", f.NotRuledOut)
	}
}

func TestICMPProhibited(t *testing.T) {
	router, gateway := "203.0.114.9", "192.168.1.1"
	from := func(addr string, typ, code uint8, n int) *fact.Flow {
		f := dropSYN(0, 1)
		for i := range n {
			a := mustAddr(addr)
			f.ICMPs = append(f.ICMPs, fact.ICMP{Num: uint64(100 + i), Time: sec(0.01 + float64(i)), Type: typ, Code: code, V6: a.Is6(), From: a.As16()})
		}
		return f
	}
	live := dropWorld(living(-10, 10))
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		cause string
	}{
		{"a router on the way prohibits it twice, another party works", from(router, 3, 13, 2), live, finding.Likely, ""},
		{"a router on the way prohibits it once", from(router, 3, 13, 1), dropWorld(), finding.Suspected, ""},
		{"IPv6: administratively prohibited", from("2001:470::9", 1, 1, 2), live, finding.Likely, ""},
		{"the home router prohibits it", from(gateway, 3, 10, 3), live, finding.Suspected, ""},
		{"a router of the provider in shared address space prohibits it", from("100.64.0.1", 3, 13, 2), live, finding.Likely, ""},
		{"one in an overlay that the client is in", func() *fact.Flow {
			f := from("100.64.0.1", 3, 13, 2)
			f.Key.Src = mustAddr("100.101.2.3").As16()
			return f
		}(), dropWorld(), finding.Suspected, ""},
		{"the first router, with a public address, may be the user's own", func() *fact.Flow {
			f := from(router, 3, 13, 2)
			f.ICMPs[0].TTL = 64
			return f
		}(), live, finding.Suspected, ""},
		{"a router four hops away", func() *fact.Flow {
			f := from(router, 3, 13, 2)
			f.ICMPs[0].TTL = 60
			return f
		}(), live, finding.Likely, ""},
		{"a router in the server's own network", from("157.240.205.1", 3, 13, 2), live, finding.Benign, "far_end_firewall"},
		{"the server itself prohibits it", from(dropServer, 3, 10, 2), live, finding.Benign, "far_end_firewall"},
		{"this host prohibits it", from(dropClient, 3, 13, 2), live, finding.Benign, "local_firewall"},
		{"port unreachable", from(dropServer, 3, 3, 1), live, finding.Benign, "refused"},
		{"host unreachable", from(router, 3, 1, 1), live, finding.Benign, "refused"},
		{"IPv6: no route", from("2001:470::9", 1, 0, 1), live, finding.Benign, "refused"},
		{"too big", from(router, 3, 4, 1), live, "", ""},
		{"time exceeded", from(router, 11, 0, 1), live, "", ""},
		{"the server answered after it", func() *fact.Flow {
			f := from(router, 3, 13, 1)
			f.Sides[fact.Down].Packets, f.Sides[fact.Down].LastAny = 3, sec(5)
			return f
		}(), live, "", ""},
		{"host unreachable in mid-flow is a hint", func() *fact.Flow {
			f := from(router, 3, 1, 1)
			f.Sides[fact.Down].Packets, f.Sides[fact.Down].LastAny = 3, sec(0)
			return f
		}(), live, "", ""},
		{"about the server's packet", func() *fact.Flow {
			f := from(dropClient, 3, 3, 1)
			f.ICMPs[0].Dir = fact.Down
			return f
		}(), live, "", ""},
		{"UDP", func() *fact.Flow {
			f := from(router, 3, 13, 2)
			f.Key.Proto = capture.ProtoUDP
			return f
		}(), live, finding.Likely, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := ICMPProhibited{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
			if c.want != "" && j.Findings[0].BenignCause != c.cause {
				t.Errorf("cause %q, want %q", j.Findings[0].BenignCause, c.cause)
			}
		})
	}
}
