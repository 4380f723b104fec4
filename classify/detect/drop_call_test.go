package detect

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

var everyHalf = []float64{1, 1.5, 2, 2.5, 3, 3.5, 4}

// relay is a silent relay of WhatsApp beside the one in question.
func relay(id fact.FlowID, server string, edits ...func(*fact.Talk)) fact.Talk {
	return talk(id, server, fact.AskRelay, append([]func(*fact.Talk){of("whatsapp", "meta", ""), silent(7, 1, 4)}, edits...)...)
}

func TestDropCallRelays(t *testing.T) {
	flow := func(edits ...func(*fact.Flow)) *fact.Flow {
		f := datagrams(fact.AskRelay, 3478, everyHalf...)
		f.App, f.Label.Function = "turn", "call"
		for _, e := range edits {
			e(f)
		}
		return f
	}
	chat := neighbour("web.whatsapp.com", 0, 9)
	stun := controlOver(capture.ProtoUDP, "74.125.250.129", 19302, 0.9, 0.94)
	world := func(controls []fact.Control, talks ...fact.Talk) *fact.World {
		return talking(dropWorld(controls...), talks...)
	}
	all := []fact.Control{chat, stun, living(0, 9)}
	three := []fact.Talk{relay(2, "157.240.9.62"), relay(3, "31.13.84.54"), relay(4, "179.60.195.51")}
	judgeTalks(t, DropCall{}, []talkCase{
		{"F18, C1: four relays in four networks", flow(), world(all, three...), finding.Likely, ""},
		{"two relays in two networks", flow(), world(all, three[0]), finding.Suspected, ""},
		{"N21, C1: one relay is down", flow(), world(all), "", ""},
		{"three relays in one network", flow(), world(all, relay(2, "157.240.205.61"), relay(3, "157.240.205.63")), "", ""},
		{"C1: another relay answers", flow(), world(all, append(three, relay(5, "157.240.7.1", silent(0, 0, 0), answered(1.2, 4)))...), "", ""},
		{"C1: the call took another way", flow(), world(all, append(three, talk(5, "157.240.7.1", fact.AskCheck, of("whatsapp", "meta", ""), answered(2, 9), func(t *fact.Talk) { t.Carried = true }))...), "", ""},
		{"the others were asked in another call", flow(), world(all, relay(2, "157.240.9.62", silent(7, 100, 104)), relay(3, "31.13.84.54", silent(7, 100, 104))), "", ""},
		{"the others are another service's", flow(), world(all, relay(2, "157.240.9.62", of("signal", "signal", "")), relay(3, "31.13.84.54", of("signal", "signal", ""))), "", ""},
		{"F18: the others' addresses are nobody's known", flow(), world(all, relay(2, "34.117.136.14", of("", "", "")), relay(3, "141.101.90.1", of("", "", ""))), finding.Likely, ""},
		{"and one of those answers", flow(), world(all, append(three, relay(5, "141.101.90.1", of("", "", ""), silent(0, 0, 0), answered(1.2, 4)))...), "", ""},
		{"no UDP but QUIC and names is answered: a policy", flow(), world([]fact.Control{chat, living(0, 9), controlOver(capture.ProtoUDP, "1.1.1.1", 443, 1, 3)}, three...), finding.Suspected, ""},
		{"the service is down: its chat does not work either", flow(), world([]fact.Control{stun, living(0, 9)}, three...), finding.Suspected, ""},
		{"nothing at all works meanwhile", flow(), world([]fact.Control{controlOver(capture.ProtoUDP, "74.125.250.129", 19302, 0.1, 0.2)}, three...), finding.Inconclusive, "no_control"},
		{"refused by ICMP", flow(func(f *fact.Flow) { f.ICMPs = []fact.ICMP{{Num: 7, Type: 3, Code: 3}} }), world(all, three...), "", ""},
		{"N21: one direction only", flow(), upOnly(world([]fact.Control{chat, living(0, 9)}, three...)), finding.Inconclusive, "one_way"},
		{"asked three times", flow(func(f *fact.Flow) { f.Datagrams.Rounds = askedAt(1, 2, 3) }), world(all, three...), "", ""},
		{"B31: a candidate of ICE, never answered", flow(func(f *fact.Flow) { f.Datagrams.First = fact.AskCheck }), world(all, three...), "", ""},
		{"B31: a candidate at home", flow(func(f *fact.Flow) { f.Key.Dst = dropKey("192.168.43.2", capture.ProtoUDP, 1).Dst }), world(all, three...), "", ""},
		{"of no service", flow(func(f *fact.Flow) { f.Label.Service = "" }), world(all, three...), "", ""},
		{"taken at the server", flow(func(f *fact.Flow) { f.Vantage = "server" }), world(all, three...), finding.Inconclusive, "server_tap"},
		{"the capture lost packets", flow(func(f *fact.Flow) { f.Blind = fact.BlindKernelDrops }), world(all, three...), finding.Inconclusive, "kernel_drops"},
	})
}

// TestDropCallHello is C2: what was sent is not answered, and something else is by the
// same address.
func TestDropCallHello(t *testing.T) {
	f := datagrams(fact.AskReflector, 599, everyHalf...)
	f.Label.Service, f.Label.Family, f.Label.Function = "telegram", "telegram", "call"
	reflector := func(id fact.FlowID, server string) fact.Talk {
		return talk(id, server, fact.AskReflector, of("telegram", "telegram", ""), silent(8, 1, 4))
	}
	c := living(0, 9)
	c.Service, c.Owner, c.Flow = "telegram", "telegram", 55
	w := talking(dropWorld(c, living(0, 9)), reflector(2, "91.108.13.34"), reflector(3, "91.108.17.8"),
		talk(4, dropServer, fact.AskBinding, of("telegram", "telegram", ""), answered(0.9, 1), func(t *fact.Talk) { t.Port = 1400 }))
	j := DropCall{}.Judge(f, w)
	wellFormed(t, j)
	if got := verdictOf(t, j); got != finding.Likely {
		t.Fatalf("%q: %+v", got, j)
	}
	fd := j.Findings[0]
	if fd.Function != "call" || !slices.Contains(fd.RuledOut, "dead_relays") || !strings.Contains(fd.Summary, "3 in 3 networks") {
		t.Errorf("function %q, ruled out %v, %s", fd.Function, fd.RuledOut, fd.Summary)
	}
}

// inCall is a call of WhatsApp that went both ways from 0 to 2.4 s, and on upwards until
// 5.7 s.
func inCall(edits ...func(*fact.Flow, *fact.Datagrams)) *fact.Flow {
	f := datagrams(fact.AskRelay, 3478, 3, 5.5)
	f.App, f.Label.Function = "rtp", "call"
	d := f.Datagrams
	d.Heard = fact.Mark{Num: 300, Time: sec(2.4)}
	d.Before = [2]fact.Amount{{Packets: 109, Bytes: 12_000}, {Packets: 110, Bytes: 13_000}}
	d.Media = [2]fact.Stretch{spanOf(270, 10, 0.1, 5.7), spanOf(107, 11, 0.1, 2.4)}
	d.Since, d.SinceMedia = spanOf(170, 301, 2.42, 5.7), spanOf(168, 301, 2.42, 5.7)
	f.Sides[fact.Up].Packets, f.Sides[fact.Down].Packets = 280, 110
	f.Now = sec(8)
	for _, e := range edits {
		e(f, d)
	}
	return f
}

func TestDropCallMedia(t *testing.T) {
	live := func(talks ...fact.Talk) *fact.World { return talking(dropWorld(living(0, 12)), talks...) }
	cutToo := func(down uint64, edits ...func(*fact.Talk)) fact.Talk {
		return talk(2, dropServer, fact.AskRelay, append([]func(*fact.Talk){of("whatsapp", "meta", ""), answered(-30, -20), func(t *fact.Talk) {
			t.Cut, t.Carried, t.Before = fact.CutMedia, true, [2]fact.Amount{{Packets: 160}, {Packets: down}}
		}}, edits...)...)
	}
	oneWay := func(_ *fact.Flow, d *fact.Datagrams) {
		d.Heard, d.PeerChecks, d.Rounds = fact.Mark{Num: 300, Time: sec(5.7)}, 2, fact.Mute{}
		d.Media[fact.Down], d.Since = fact.Stretch{}, fact.Stretch{}
		d.SinceMedia = spanOf(240, 10, 0.5, 5.3)
	}
	never := talk(2, dropServer, fact.AskRelay, of("whatsapp", "meta", ""), answered(-30, -20), func(t *fact.Talk) { t.Cut = fact.CutOneWay })
	judgeTalks(t, DropCall{}, []talkCase{
		{"C3: media cut, once", inCall(), live(), finding.Suspected, ""},
		{"C3: again after as many", inCall(), live(cutToo(112)), finding.Likely, ""},
		{"C3: again, after another number", inCall(), live(cutToo(300)), finding.Suspected, ""},
		{"C3: again, an hour ago", inCall(), live(cutToo(112, answered(-3700, -3600))), finding.Suspected, ""},
		{"C3: hung up, the caller stops too", inCall(func(_ *fact.Flow, d *fact.Datagrams) {
			d.Since, d.SinceMedia = spanOf(10, 301, 2.42, 2.7), spanOf(10, 301, 2.42, 2.7)
		}), live(cutToo(112)), "", ""},
		{"C3: hung up, keepalives go on", inCall(func(_ *fact.Flow, d *fact.Datagrams) {
			d.Since, d.SinceMedia = spanOf(8, 301, 2.42, 18), fact.Stretch{}
		}), live(cutToo(112)), "", ""},
		{"C3: the callee is never heard", inCall(oneWay), live(), finding.Suspected, ""},
		{"C3: nor in the next call", inCall(oneWay), live(never), finding.Likely, ""},
		{"N17: nobody takes the call, nobody sends", inCall(func(_ *fact.Flow, d *fact.Datagrams) { d.Media = [2]fact.Stretch{} }), live(), "", ""},
		{"one way, and no callee shows: a broadcast", inCall(oneWay, func(_ *fact.Flow, d *fact.Datagrams) { d.PeerChecks = 0 }), live(never), "", ""},
		{"N18: comfort noise comes, one in 400 ms", inCall(func(_ *fact.Flow, d *fact.Datagrams) {
			d.Heard, d.Media[fact.Down] = fact.Mark{Num: 400, Time: sec(5.5)}, spanOf(120, 11, 0.1, 5.5)
			d.Since, d.SinceMedia = spanOf(10, 401, 5.52, 5.7), spanOf(10, 401, 5.52, 5.7)
		}), live(), "", ""},
		{"N19: the camera is off, voice goes on", inCall(func(_ *fact.Flow, d *fact.Datagrams) {
			d.Heard, d.Media[fact.Down] = fact.Mark{Num: 900, Time: sec(5.69)}, spanOf(900, 11, 0.1, 5.69)
			d.Since, d.SinceMedia = spanOf(1, 901, 5.7, 5.7), spanOf(1, 901, 5.7, 5.7)
		}), live(), "", ""},
		{"B24, N22: everything stood still meanwhile", inCall(), talking(dropWorld(living(-60, 2.5), living(5.6, 20)), cutToo(112)), finding.Inconclusive, "no_control"},
		{"an ICMP error ended it", inCall(func(f *fact.Flow, _ *fact.Datagrams) { f.ICMPs = []fact.ICMP{{Num: 7, Type: 3, Code: 3}} }), live(cutToo(112)), "", ""},
		{"the capture lost packets", inCall(func(f *fact.Flow, _ *fact.Datagrams) { f.Blind = fact.BlindKernelDrops }), live(cutToo(112)), finding.Inconclusive, "kernel_drops"},
		{"of no service", inCall(func(f *fact.Flow, _ *fact.Datagrams) { f.Label.Service = "" }), live(cutToo(112)), "", ""},
		{"of a service's files", inCall(func(f *fact.Flow, _ *fact.Datagrams) { f.Label.Function = "media" }), live(cutToo(112)), "", ""},
	})
}

// TestDropCallKeys is C2 of calls that are keyed by DTLS: the path answers STUN, and the
// hello nobody.
func TestDropCallKeys(t *testing.T) {
	live := func() *fact.World { return talking(dropWorld(living(0, 12))) }
	keyed := func(edits ...func(*fact.Datagrams)) *fact.Flow {
		return inCall(func(_ *fact.Flow, d *fact.Datagrams) {
			d.Heard, d.PeerChecks = fact.Mark{Num: 300, Time: sec(7.5)}, 4
			d.Media, d.Since, d.SinceMedia = [2]fact.Stretch{}, fact.Stretch{}, fact.Stretch{}
			d.Keys[fact.Up] = spanOf(4, 20, 0.5, 7.5)
			for _, e := range edits {
				e(d)
			}
		})
	}
	judgeTalks(t, DropCall{}, []talkCase{
		{"C2: hellos unanswered on a path that answers", keyed(), live(), finding.Suspected, ""},
		{"a flight came back", keyed(func(d *fact.Datagrams) { d.Keys[fact.Down] = spanOf(1, 22, 1, 1) }), live(), "", ""},
		{"two hellos", keyed(func(d *fact.Datagrams) { d.Keys[fact.Up] = spanOf(2, 20, 0.5, 1.5) }), live(), "", ""},
		{"the path answered only before", keyed(func(d *fact.Datagrams) { d.Heard.Time = sec(0.4) }), live(), "", ""},
	})
}
