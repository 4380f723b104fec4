package detect

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestDropQUIC(t *testing.T) {
	const elsewhere, third = "93.184.215.14", "104.18.10.47"
	quiet := func(edits ...func(*fact.Flow)) *fact.Flow {
		f := datagrams(fact.AskQUIC, 443, 0, 0.2, 0.6, 1.4, 3)
		f.App, f.Names.SNI = "quic", "web.whatsapp.com"
		for _, e := range edits {
			e(f)
		}
		return f
	}
	tcp := neighbour("web.whatsapp.com", 0.3, 0.9)
	works := func(edits ...func(*fact.World)) *fact.World {
		w := dropWorld(tcp, living(0, 9))
		for _, e := range edits {
			e(w)
		}
		return w
	}
	other := talk(7, elsewhere, fact.AskQUIC, of("", "", "www.example.com"), answered(0.5, 1))
	here := talk(8, dropServer, fact.AskQUIC, of("instagram", "meta", "www.instagram.com"), answered(0.5, 1))
	again := talk(9, "157.240.205.53", fact.AskQUIC, of("whatsapp", "meta", "mmg.whatsapp.net"), silent(4, 0.5, 2))
	same := talk(10, dropServer, fact.AskQUIC, of("whatsapp", "meta", "web.whatsapp.com"), silent(4, 5, 8))
	judgeTalks(t, DropQUIC{}, []talkCase{
		{"F17: silent, TCP works, and QUIC of others", quiet(), talking(works(), other), finding.Suspected, ""},
		{"F17: the same address answers QUIC under another name", quiet(), talking(works(), here), finding.Suspected, ""},
		{"F17: and it is so again", quiet(), talking(works(), here, same), finding.Likely, ""},
		{"F17: two addresses of the service, others answer", quiet(), talking(works(), other, again), finding.Likely, ""},
		{"again at one address: it may be without QUIC", quiet(), talking(works(), other, same), finding.Suspected, ""},
		{"B32: nobody's QUIC is answered", quiet(), talking(works(), again, talk(11, third, fact.AskQUIC, silent(4, 1, 3))), finding.Benign, "udp443_policy"},
		{"N21: no datagram is answered, acknowledgements show TCP to go on", quiet(), upOnly(talking(works(), again, talk(11, third, fact.AskQUIC, silent(4, 1, 3)))), finding.Inconclusive, "one_way"},
		{"B32: and only two were tried", quiet(), talking(works(), again), finding.Inconclusive, "no_quic_control"},
		{"the other's QUIC worked over IPv6 only", quiet(), talking(works(), talk(7, "2001:db8::1", fact.AskQUIC, answered(0.5, 1))), finding.Inconclusive, "no_quic_control"},
		{"the other's QUIC worked an hour ago", quiet(), talking(works(), talk(7, elsewhere, fact.AskQUIC, answered(-3600, -3599))), finding.Inconclusive, "no_quic_control"},
		{"another client's QUIC works", quiet(), talking(works(), talk(7, elsewhere, fact.AskQUIC, answered(0.5, 1), func(t *fact.Talk) { t.Client = t.Server })), finding.Inconclusive, "no_quic_control"},
		{"no TCP shows that the server is there", quiet(), talking(dropWorld(living(0, 9)), other, again), finding.Inconclusive, "no_control"},
		{"the name works over QUIC elsewhere in the capture", quiet(), talking(works(), other, talk(8, dropServer, fact.AskQUIC, of("whatsapp", "meta", "web.whatsapp.com"), answered(4, 5))), "", ""},
		{"everything stood still meanwhile", quiet(), talking(dropWorld(neighbour("web.whatsapp.com", -3, -1), living(-9, 0.1)), here, same), finding.Inconclusive, "no_control"},
		{"three rounds are too few", quiet(func(f *fact.Flow) { f.Datagrams.Rounds = askedAt(0, 0.3, 2) }), talking(works(), other), "", ""},
		{"a second is too short", quiet(func(f *fact.Flow) { f.Datagrams.Rounds = askedAt(0, 0.1, 0.3, 0.7); f.Now = sec(1) }), talking(works(), other), "", ""},
		{"one packet came back", quiet(func(f *fact.Flow) { f.Sides[fact.Down].Packets = 1 }), talking(works(), other), "", ""},
		{"a port unreachable is a refusal", quiet(func(f *fact.Flow) { f.ICMPs = []fact.ICMP{{Num: 5, Type: 3, Code: 3}} }), talking(works(), other), "", ""},
		{"taken at the server", quiet(func(f *fact.Flow) { f.Vantage = "server" }), talking(works(), here, same), finding.Inconclusive, "server_tap"},
		{"the capture lost packets", quiet(), talking(works(func(w *fact.World) { w.Blind = fact.BlindKernelDrops }), here, same), finding.Inconclusive, "kernel_drops"},
		{"the record began late", quiet(func(f *fact.Flow) { f.Datagrams.Late = true }), talking(works(), here, same), finding.Inconclusive, "midstream"},
	})
}

// TestDropQUICSaysWhatWasRuledOut: a server without QUIC answers no name.
func TestDropQUICSaysWhatWasRuledOut(t *testing.T) {
	f := datagrams(fact.AskQUIC, 443, 0, 0.2, 0.6, 1.4, 3)
	f.App, f.Names.SNI = "quic", "web.whatsapp.com"
	w := talking(dropWorld(neighbour("web.whatsapp.com", 0.3, 0.9), living(0, 9)),
		talk(8, dropServer, fact.AskQUIC, of("", "", "example.com"), answered(0.5, 1)))
	fd := DropQUIC{}.Judge(f, w).Findings[0]
	if !slices.Contains(fd.RuledOut, "server_without_quic") || !slices.Contains(fd.RuledOut, "udp443_policy") || len(fd.Packets) != 5 {
		t.Errorf("ruled out %v, packets %v", fd.RuledOut, fd.Packets)
	}
	if !slices.Contains(fd.Controls, "c000008") {
		t.Errorf("controls %v", fd.Controls)
	}
}

// TestDropQUICResidual: a name that is answered elsewhere is not what it was
// dropped for (D9).
func TestDropQUICResidual(t *testing.T) {
	f := datagrams(fact.AskQUIC, 443, 100, 100.2, 100.6, 101.4, 103)
	f.App, f.Names.SNI = "quic", "neutral.example"
	w := talking(dropWorld(controlOver(capture.ProtoTCP, dropServer, 443, 100, 101)),
		talk(3, "93.184.215.14", fact.AskQUIC, of("", "", "neutral.example"), answered(99, 100)),
		talk(2, dropServer, fact.AskQUIC, of("whatsapp", "meta", "web.whatsapp.com"), silent(5, 10, 13)))
	if fd := (DropQUIC{}).Judge(f, w).Findings[0]; fd.Technique != "residual" {
		t.Errorf("technique %q", fd.Technique)
	}
	w.Talks[1].Last, w.Talks[1].First = sec(-500), sec(-503)
	if fd := (DropQUIC{}).Judge(f, w).Findings[0]; fd.Technique != "" {
		t.Errorf("ten minutes later: technique %q", fd.Technique)
	}
}
