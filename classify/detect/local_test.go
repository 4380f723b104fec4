package detect

import (
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func local(f *fact.Flow, drops ...fact.LocalDrop) *fact.Flow {
	f.Local = &fact.Local{Drops: drops}
	return f
}

func drop(reason string, d fact.Dir, n uint32) fact.LocalDrop {
	return fact.LocalDrop{Reason: reason, Dir: d, Count: n, Tapped: true, First: ms(50), Last: ms(3000), Packets: []uint64{4}}
}

// answeredFlow went well until the end.
func answeredFlow() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 40, 5, 2000)
	f.Sides[fact.Down].Last.Time = ms(30_000)
	f.End = fact.EndClosed
	return f
}

// rejected is a flow of which a packet was dropped on the way out, 50 ms after its
// start, and a reset accepted.
func rejected(f *fact.Flow, atMs float64) *fact.Flow {
	x := drop("NETFILTER_DROP", fact.Up, 1)
	x.Out, x.Tapped, x.Last, x.Packets = true, false, x.First, nil
	local(f, x).Local.Received[fact.Down] = fact.LocalReset{Count: 1, First: ms(atMs), Last: ms(atMs)}
	return f
}

func udpFlow(down uint64) *fact.Flow {
	f := synFlow()
	f.Key.Proto = capture.ProtoUDP
	f.Sides[fact.Up].SYN, f.Sides[fact.Up].SYNCount = fact.Mark{}, 0
	f.Sides[fact.Up].Packets, f.Sides[fact.Down].Packets = down, down
	return f
}

func TestDropLocal(t *testing.T) {
	down, up := fact.Down, fact.Up
	for _, c := range []struct {
		name    string
		flow    *fact.Flow
		verdict finding.Verdict // "" none
		cause   string
		says    string
	}{
		{"no word of the kernel", tlsFlow(40), "", "", ""},
		{"a firewall drops every answer to the hello", local(tlsFlow(40), drop("NETFILTER_DROP", down, 4)), finding.Confirmed, "", "firewall rule"},
		{"a firewall rejects what goes out", rejected(answeredFlow(), 51), finding.Confirmed, "", "rejected with a reset"},
		{"a firewall drops one packet that goes out, and long after it comes a reset", rejected(answeredFlow(), 9000), finding.Benign, "local_netfilter_drop", "goes on"},
		{"a firewall drops the SYN", local(synFlow(), drop("NETFILTER_DROP", up, 3)), finding.Confirmed, "", "firewall rule"},
		{"a firewall drops one packet of a flow that goes on", local(answeredFlow(), drop("NETFILTER_DROP", down, 1)), finding.Benign, "local_netfilter_drop", "goes on"},
		{"the reverse path filter", local(synFlow(), drop("IP_RPFILTER", down, 3)), finding.Confirmed, "", "rp_filter"},
		{"a full queue, a tenth", local(udpFlow(100), drop("QDISC_DROP", up, 10)), finding.Confirmed, "", "10 %"},
		{"a full queue, now and then", local(udpFlow(1000), drop("QDISC_DROP", up, 10)), finding.Benign, "local_qdisc_drop", "10 of 1000"},
		{"two of few", local(udpFlow(4), drop("SOCKET_RCVBUFF", down, 2)), finding.Benign, "local_socket_rcvbuff", "2 of 4"},
		{"UDP that a firewall drops", local(udpFlow(10), drop("NETFILTER_DROP", down, 10)), finding.Confirmed, "", "100 %"},
		{"nobody listens on UDP", local(udpFlow(10), drop("NO_SOCKET", down, 10)), finding.Benign, "no_socket", "nobody listens"},
		{"nobody listens on TCP", local(synFlow(), drop("NO_SOCKET", up, 1)), finding.Benign, "no_socket", "nobody listens"},
		{"the tail of a closed connection", local(answeredFlow(), drop("NO_SOCKET", down, 3)), "", "", ""},
		{"damaged", local(answeredFlow(), drop("TCP_CSUM", down, 1)), finding.Benign, "damaged", "1 of"},
		{"a reason of another kernel", local(synFlow(), drop("SOMETHING_NEW", up, 3)), finding.Confirmed, "", "SOMETHING_NEW"},
	} {
		j := DropLocal{}.Judge(c.flow, &fact.World{})
		switch {
		case c.verdict == "" && len(j.Findings) == 0:
			if len(j.Stopped) == 0 {
				t.Errorf("%s: nothing says why", c.name)
			}
			continue
		case len(j.Findings) != 1:
			t.Errorf("%s: %d findings", c.name, len(j.Findings))
			continue
		}
		f := &j.Findings[0]
		text := f.Summary
		for _, e := range append(f.For, f.Against...) {
			text += " " + e.Text
		}
		if f.Verdict != c.verdict || f.BenignCause != c.cause || !strings.Contains(text, c.says) || f.Segment != finding.ThisHost || f.Reason == "" {
			t.Errorf("%s: %s %q %s: %s", c.name, f.Verdict, f.BenignCause, f.Reason, text)
		}
	}
}

// testified is a flow with resets and what this host's TCP did with them.
func testified(resets int, after fact.After, say func(*fact.Local)) func() *fact.Flow {
	return func() *fact.Flow {
		f := tlsFlow(40)
		serverSends(f, 4, 5, 100)
		for i := range resets {
			f.Resets = append(f.Resets, serverRST(f, uint64(9+i), 400+float64(i)))
			f.Resets[i].SeqAhead, f.Resets[i].CoverAge = fact.Some(int32(100)), fact.Some(dur(350))
		}
		f.AfterReset[fact.Down] = after
		f.Local = &fact.Local{End: fact.Some(fact.Up)}
		say(f.Local)
		return f
	}
}

func wentOn(n uint32) fact.After {
	return fact.After{NewData: n, FirstNew: fact.Mark{Num: 20, Time: ms(900), SeqEnd: serverISN + 7300}, NewPackets: []uint64{20},
		LastNew: fact.Mark{Num: 20, Time: ms(900), SeqEnd: serverISN + 7300}}
}

func refused(reason string, n uint32) fact.LocalReset {
	return fact.LocalReset{Count: n, Reason: reason, First: ms(400), Last: ms(401)}
}

func TestResetsAsThisHostTells(t *testing.T) {
	injected, seen := finding.ResetInjected, finding.ResetSeen
	for _, c := range []resetCaseTest{
		{name: "F24: challenged, and the sender goes on", verdict: finding.Confirmed, kind: injected, how: "race", counts: "R4/M R9/C", packets: []uint64{9, 20},
			flow: testified(1, wentOn(3), func(l *fact.Local) { l.Refused[fact.Down] = refused("TCP_RESET", 1) })},
		{name: "challenged, and the sender confirms: it lost its state", verdict: finding.Benign, kind: seen, cause: "peer_lost_state", counts: "R4/M", packets: []uint64{9},
			flow: testified(2, fact.After{}, func(l *fact.Local) {
				l.Refused[fact.Down], l.Received[fact.Down] = refused("TCP_RESET", 1), refused("", 1)
			})},
		{name: "an old duplicate, refused; its sender goes on", verdict: finding.Unexplained, kind: seen, counts: "R4/M", packets: []uint64{9},
			flow: testified(1, wentOn(3), func(l *fact.Local) { l.Refused[fact.Down] = refused("TCP_OLD_SEQUENCE", 1) })},
		{name: "this host's TCP sent it", verdict: "",
			flow: testified(1, wentOn(3), func(l *fact.Local) { l.Sent[fact.Down] = refused("TCP_ABORT_ON_DATA", 1) })},
		{name: "this host's TCP sent one of two", verdict: finding.Confirmed, kind: injected, how: "race", counts: "R1/C", packets: []uint64{9, 20},
			flow: func() *fact.Flow {
				f := testified(2, wentOn(3), func(l *fact.Local) { l.Sent[fact.Down] = refused("NO_SOCKET", 1) })()
				for i := range f.Resets {
					f.Resets[i].SeqAhead = fact.Some(int32(0))
				}
				return f
			}},
		{name: "a server by the look of its packets, but the socket here is the client's", verdict: finding.Benign, kind: seen, cause: "peer_lost_state", counts: "R4/M", packets: []uint64{9},
			flow: func() *fact.Flow {
				f := testified(2, fact.After{}, func(l *fact.Local) {
					l.Refused[fact.Down], l.Received[fact.Down] = refused("TCP_RESET", 1), refused("", 1)
				})()
				f.Vantage = "server" // by what the packets look like
				return f
			}},
		{name: "this host's firewall rejected what it answers", verdict: "",
			flow: testified(1, wentOn(3), func(l *fact.Local) {
				l.Drops = []fact.LocalDrop{{Reason: "NETFILTER_DROP", Dir: fact.Up, Count: 1, First: ms(400), Last: ms(400)}}
			})},
		{name: "this host's firewall dropped something else, long before", verdict: finding.Suspected, kind: injected, how: "race", counts: "R1/S R4/M", packets: []uint64{9, 20},
			flow: testified(1, wentOn(3), func(l *fact.Local) {
				l.Drops = []fact.LocalDrop{{Reason: "NETFILTER_DROP", Dir: fact.Up, Count: 1, First: ms(100), Last: ms(100)}}
			})},
	} {
		c.runAs(t)
	}
}

// TestOwnDropsExcuseThePath: whatever a silence or a rate would say, a host that
// dropped packets of the flow itself accuses nobody.
func TestOwnDropsExcuseThePath(t *testing.T) {
	f := local(synFlow(), drop("NETFILTER_DROP", fact.Down, 1))
	if r := dropVetoes(f, &fact.World{Controls: []fact.Control{{Flow: 9}}}); len(r) != 1 || r[0].Code != "local_drop" {
		t.Errorf("got %v", r)
	}
	f = local(synFlow(), drop("NO_SOCKET", fact.Down, 1))
	if r := dropVetoes(f, &fact.World{Controls: []fact.Control{{Flow: 9}}}); len(r) != 0 {
		t.Errorf("a closed port vetoes: %v", r)
	}
}

// TestStrayTellsItsWay: what is dropped before the tap is told by the way it took.
func TestStrayTellsItsWay(t *testing.T) {
	for _, c := range []struct {
		out  bool
		says string
	}{{true, "before it left"}, {false, "as it came in"}} {
		x := &fact.Stray{Reason: "NETFILTER_DROP", Out: c.out, Count: 3, Ports: 1}
		fd, ok := Stray(x, synFlow(), &fact.World{})
		if !ok || !strings.Contains(fd.Summary, c.says) {
			t.Errorf("out %v: %v %q", c.out, ok, fd.Summary)
		}
	}
}
