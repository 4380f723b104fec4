package detect

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestDropHello(t *testing.T) {
	live := dropWorld(living(0, 12))
	alone := dropWorld()
	edit := func(change func(f *fact.Flow)) *fact.Flow {
		f := dropHello(backoff...)
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
		{"F12: never acknowledged, another name on the address answered", dropHello(backoff...), dropWorld(neighbour("example.org", 3, 4)), finding.Likely, ""},
		{"another name answered before, and the link lives", dropHello(backoff...), dropWorld(neighbour("example.org", -9, -8), living(0, 12)), finding.Likely, ""},
		{"another name answered before, nothing meanwhile", dropHello(backoff...), dropWorld(neighbour("example.org", -9, -8)), finding.Inconclusive, "no_control"},
		{"another name answered an hour ago", dropHello(backoff...), dropWorld(neighbour("example.org", -3600, -3599), living(0, 12)), finding.Suspected, ""},
		{"the same name answered there meanwhile as well", dropHello(backoff...), dropWorld(neighbour("example.org", 3, 4), neighbour("web.whatsapp.com", 3, 4)), finding.Suspected, ""},
		{"F12: never acknowledged, only a generic control", dropHello(backoff...), live, finding.Suspected, ""},
		{"nothing else in the capture", dropHello(backoff...), alone, finding.Inconclusive, "no_control"},
		{"B24: everything stalled, the control moved before and after", dropHello(backoff...), dropWorld(living(-60, 0.1), living(30, 40)), finding.Inconclusive, "no_control"},
		{"another flow of the same owner is no control", dropHello(backoff...), dropWorld(neighbour("", 1, 9)), finding.Inconclusive, "no_control"},
		{"a printer at home is no control", dropHello(backoff...), dropWorld(at(living(0, 12), "192.168.1.9")), finding.Inconclusive, "no_control"},
		{"IPv6 that works is no control for IPv4", dropHello(backoff...), dropWorld(at(living(0, 12), "2001:4860::1")), finding.Inconclusive, "no_control"},
		{"F25: the same over IPv6", edit(func(f *fact.Flow) { f.Key.Dst = mustAddr("2a03:2880::60").As16() }), dropWorld(at(living(0, 12), "2001:4860::1")), finding.Suspected, ""},
		{"DNS that works is no control for TCP", dropHello(backoff...), dropWorld(over(living(0, 12), capture.ProtoUDP)), finding.Inconclusive, "no_control"},
		{"two retransmissions are too few", dropHello(0.3, 0.6), live, "", ""},
		{"two retransmissions, then the capture ends", func() *fact.Flow {
			f := dropHello(0.3, 0.6)
			f.End = fact.EndOfCapture
			return f
		}(), live, finding.Inconclusive, "capture_ended"},
		{"the third copy is still on its way", edit(func(f *fact.Flow) {
			f.Hello.Retrans, f.Hello.Count = f.Hello.Retrans[:3], 3
			f.Now = sec(1.25)
		}), live, "", ""},
		{"the capture lost packets", edit(func(f *fact.Flow) { f.Blind = fact.BlindGap }), live, finding.Inconclusive, "capture_gap"},
		{"the kernel dropped packets", edit(func(f *fact.Flow) { f.Blind = fact.BlindKernelDrops }), live, finding.Inconclusive, "kernel_drops"},
		{"evicted", edit(func(f *fact.Flow) { f.End = fact.EndEvicted }), live, finding.Inconclusive, "evicted"},
		{"one direction only", edit(func(f *fact.Flow) {
			f.Blind, f.Handshake, f.SYNACK = fact.BlindOneWay, false, fact.Mark{}
		}), live, finding.Inconclusive, "one_way"},
		{"mid-stream, but it is a TLS hello", edit(func(f *fact.Flow) { f.Blind, f.Handshake = fact.BlindMidstream, false }), live, finding.Inconclusive, "midstream"},
		{"mid-stream, and nobody knows what it is", edit(func(f *fact.Flow) {
			f.Blind, f.Handshake, f.Hello.Kind = fact.BlindMidstream, false, "other"
		}), live, "", ""},
		{"taken at the server", edit(func(f *fact.Flow) { f.Vantage = "server" }), live, finding.Inconclusive, "server_tap"},
		{"B20: the only segment is as large as the path may not carry", edit(func(f *fact.Flow) { f.Hello.End += 900 }), live, finding.Inconclusive, "mtu"},
		{"B20: a router said it is too big", edit(func(f *fact.Flow) {
			f.ICMPs = []fact.ICMP{{Num: 9, Type: 3, Code: 4, MTU: 1400}}
		}), live, finding.Inconclusive, "mtu"},
		{"a hello of two segments, the second small", edit(func(f *fact.Flow) { f.Hello.End, f.Hello.Segs = f.Hello.End+1300, 2 }), live, finding.Suspected, ""},
		{"the head acknowledged, the tail never", edit(func(f *fact.Flow) {
			f.Hello.End, f.Hello.Segs, f.Hello.HeadAck = f.Hello.End+1300, 2, true
			f.Hello.Answer = fact.Mark{Num: 5, Time: sec(0.1)}
		}), live, finding.Suspected, ""},
		{"B21: acknowledged, the server thinks", edit(func(f *fact.Flow) { f.Hello.Acked = fact.Some(sec(0.08)) }), live, "", ""},
		{"B25: 5 % loss, acknowledged at the third try", edit(func(f *fact.Flow) { f.Hello.Acked, f.Hello.Data = fact.Some(sec(1.3)), fact.Mark{Num: 40} }), live, "", ""},
		{"an ICMP error came back", edit(func(f *fact.Flow) { f.ICMPs = []fact.ICMP{{Num: 9, Type: 3, Code: 1}} }), live, "", ""},
		{"UDP", edit(func(f *fact.Flow) { f.Key.Proto = capture.ProtoUDP }), live, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropHello{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q; stopped by %+v", got, c.want, j.Stopped)
			}
			if c.blind != "" && !slices.Contains(j.Findings[0].Blind, c.blind) {
				t.Errorf("blind %v, want %q", j.Findings[0].Blind, c.blind)
			}
			if c.want == "" && isTCP(c.flow) && len(j.Stopped) == 0 {
				t.Error("nothing says why not")
			}
		})
	}
}

func at(c fact.Control, server string) fact.Control {
	c.Server = mustAddr(server)
	return c
}

func over(c fact.Control, proto uint8) fact.Control {
	c.Proto = proto
	return c
}

func TestDropHelloSaysWhatItSaw(t *testing.T) {
	j := DropHello{}.Judge(dropHello(backoff...), dropWorld(neighbour("example.org", 3, 4), living(0, 12)))
	f := j.Findings[0]
	if want := "TCP opens in 37 ms, then TLS hello of 517 bytes sent 7 times in 9.6 s, never acknowledged, and nothing else came back"; f.Summary != want {
		t.Errorf("summary %q\n   want %q", f.Summary, want)
	}
	if f.Segment != finding.ServerSide || f.Direction != finding.ToServer || f.Name != "web.whatsapp.com" {
		t.Errorf("segment %s, direction %s, name %s", f.Segment, f.Direction, f.Name)
	}
	if !slices.Equal(f.Controls, []string{"c000077", "c000078"}) || !slices.Contains(f.RuledOut, "dead_server") {
		t.Errorf("controls %v, ruled out %v", f.Controls, f.RuledOut)
	}
	tail := dropHello(backoff...)
	tail.Hello.HeadAck, tail.Hello.Segs, tail.Hello.End = true, 2, tail.Hello.End+1300
	if f := (DropHello{}).Judge(tail, dropWorld(living(0, 12))).Findings[0]; f.Technique != "swallowed-tail" || !slices.Contains(f.RuledOut, "dead_server") {
		t.Errorf("technique %q, ruled out %v", f.Technique, f.RuledOut)
	}
}
