package detect

import (
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// stalled is a transfer of WhatsApp over QUIC that stopped at 0.5 s after 26
// packets, within a flight, and was silent until 7 s.
func stalled(edits ...func(*fact.Flow, *fact.Datagrams)) *fact.Flow {
	f := datagrams(fact.AskQUIC, 443, 0)
	f.App, f.Names.SNI = "quic", "mmg.whatsapp.net"
	d := f.Datagrams
	d.Rounds = fact.Mute{}
	d.Heard = fact.Mark{Num: 60, Time: sec(0.5)}
	d.Before = [2]fact.Amount{{Packets: 8, Bytes: 3_000}, {Packets: 18, Bytes: 20_000}}
	d.Longest, d.Full = 1280, 10
	f.Sides[fact.Down].Packets = 18
	f.Now = sec(7)
	for _, e := range edits {
		e(f, d)
	}
	return f
}

// halted is another transfer that stopped.
func halted(id fact.FlowID, server string, cut fact.Cut, at float64, upPackets, downPackets, bytes uint64) fact.Talk {
	return talk(id, server, fact.AskQUIC, answered(at-0.2, at), func(t *fact.Talk) {
		t.Cut, t.Before = cut, [2]fact.Amount{{Packets: upPackets, Bytes: 2_000}, {Packets: downPackets, Bytes: bytes}}
	})
}

func TestDropUDP(t *testing.T) {
	long := talk(7, "185.15.59.224", fact.AskQUIC, answered(1, 3), func(t *fact.Talk) { t.Bulky, t.Before[1].Bytes = sec(2), 200_000 })
	live := func(talks ...fact.Talk) *fact.World { return talking(dropWorld(living(0, 12)), append(talks, long)...) }
	padded := long
	padded.Cut = fact.CutFlight
	two := []fact.Talk{halted(5, "162.159.133.233", fact.CutFlight, 0.9, 7, 19, 21_000), halted(6, dropServer, fact.CutFlight, 1.2, 9, 17, 19_000)}
	asks := func(at ...float64) func(*fact.Flow, *fact.Datagrams) {
		return func(_ *fact.Flow, d *fact.Datagrams) { d.Rounds, d.Full = askedAt(at...), 0 }
	}
	judgeTalks(t, DropUDP{}, []talkCase{
		{"F16, Z3: three stopped alike within flights", stalled(), live(two...), finding.Likely, ""},
		{"two did", stalled(), live(two[0]), "", ""},
		{"Z3: bytes agree, packets do not", stalled(), live(halted(5, "162.159.133.233", fact.CutFlight, 0.9, 20, 30, 21_000), halted(6, dropServer, fact.CutFlight, 1.2, 1, 17, 19_000)), finding.Likely, ""},
		{"F16: the client asks again in vain", stalled(asks(0.8, 1.1, 1.7, 2.9)), live(), finding.Suspected, ""},
		{"F16: three clients ask again in vain", stalled(asks(0.8, 1.1, 1.7, 2.9)), live(two...), finding.Likely, ""},
		{"an acknowledgement and a good-bye", stalled(asks(0.5, 0.6, 0.7, 0.8)), live(two...), "", ""},
		{"padded: everything ends in full datagrams, at all counts", stalled(), live(append(two, halted(8, "1.1.1.1", fact.CutFlight, 2, 60, 90, 90_000), halted(9, "1.0.0.1", fact.CutFlight, 2, 10, 12, 9_000))...), "", ""},
		{"padded: so does the long one", stalled(), talking(dropWorld(living(0, 12)), append(two, padded)...), "", ""},
		{"no long one shows how transfers end", stalled(), talking(dropWorld(living(0, 12)), two...), "", ""},
		{"one alone stopped within a flight", stalled(), live(), "", ""},
		{"nothing is owed", stalled(func(_ *fact.Flow, d *fact.Datagrams) { d.Full = 0 }), live(two...), "", ""},
		{"asked twice only", stalled(asks(0.8, 2.4)), live(two...), "", ""},
		{"three of one server", stalled(), live(halted(5, dropServer, fact.CutFlight, 0.9, 7, 19, 21_000), halted(6, dropServer, fact.CutFlight, 1.2, 9, 17, 19_000)), "", ""},
		{"others stopped after other counts", stalled(), live(halted(5, "162.159.133.233", fact.CutFlight, 0.9, 20, 40, 51_000)), "", ""},
		{"others stopped an hour ago", stalled(), live(halted(5, "162.159.133.233", fact.CutFlight, -3600, 7, 19, 21_000)), "", ""},
		{"nothing else works", stalled(), talking(dropWorld(), append(two, long)...), finding.Inconclusive, "no_control"},
		{"four seconds are too short", stalled(func(f *fact.Flow, _ *fact.Datagrams) { f.Now = sec(4.4) }), live(two...), "", ""},
		{"much had passed", stalled(func(_ *fact.Flow, d *fact.Datagrams) { d.Before[1] = fact.Amount{Packets: 200, Bytes: 250_000} }), live(two...), "", ""},
		{"B23: asked again after a pause, the mapping was gone", stalled(asks(40, 41, 42, 43), func(f *fact.Flow, _ *fact.Datagrams) { f.Now = sec(50) }), talking(dropWorld(living(0, 60))), finding.Inconclusive, "idle_timeout"},
		{"taken at the server", stalled(func(f *fact.Flow, _ *fact.Datagrams) { f.Vantage = "server" }), live(two...), finding.Inconclusive, "server_tap"},
		{"the capture lost packets", stalled(func(f *fact.Flow, _ *fact.Datagrams) { f.Blind = fact.BlindKernelDrops }), live(two...), finding.Inconclusive, "kernel_drops"},
	})
}

func TestDropUDPCounts(t *testing.T) {
	w := talking(dropWorld(living(0, 12)), halted(5, "162.159.133.233", fact.CutFlight, 0.9, 7, 19, 21_000), halted(6, "157.240.205.53", fact.CutFlight, 1.2, 9, 17, 19_000),
		talk(7, "185.15.59.224", fact.AskQUIC, answered(1, 3), func(t *fact.Talk) { t.Bulky, t.Before[1].Bytes = sec(2), 200_000 }))
	fd := DropUDP{}.Judge(stalled(), w).Findings[0]
	if *fd.AfterPackets != 26 || *fd.AfterBytes != 23_000 || !strings.Contains(fd.Summary, "3 connections stopped alike") {
		t.Errorf("after %d packets, %d bytes: %s", *fd.AfterPackets, *fd.AfterBytes, fd.Summary)
	}
	if len(fd.Controls) != 2 || fd.Controls[0] != "c000007" {
		t.Errorf("controls %v", fd.Controls)
	}
}
