package answer

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// judgeCase is a flow and what became of it.
type judgeCase struct {
	name  string
	flow  *fact.Flow
	want  outcome
	stage stage
}

func changed(f *fact.Flow, change func(f *fact.Flow)) *fact.Flow {
	change(f)
	return f
}

func datagrams(kind string, up, down uint64, end fact.End) *fact.Flow {
	f := &fact.Flow{Key: key("192.168.1.23", "203.0.113.9", capture.ProtoUDP, 443), End: end, Hello: fact.Hello{Kind: kind}}
	f.Sides[fact.Up].Packets, f.Sides[fact.Up].Payload = up, up*1200
	f.Sides[fact.Down].Packets, f.Sides[fact.Down].Payload = down, down*1200
	return f
}

func check(t *testing.T, tests []judgeCase) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judge(tt.flow)
			if got.outcome != tt.want || got.outcome == failed && got.stage != tt.stage {
				t.Errorf("got outcome %d stage %d, want %d %d", got.outcome, got.stage, tt.want, tt.stage)
			}
		})
	}
}

func TestJudgeAnswered(t *testing.T) {
	flow := func(change func(f *fact.Flow)) *fact.Flow { return changed(tcpFlow(1, "whatsapp", "chat"), change) }
	check(t, []judgeCase{
		{"asked and answered works", flow(func(f *fact.Flow) {}), worked, 0},
		{"begun before the capture, data both ways, works", flow(func(f *fact.Flow) {
			f.Sides[fact.Up].SYN, f.SYNACK, f.Hello = fact.Mark{}, fact.Mark{}, fact.Hello{}
		}), worked, 0},
		{"begun before the capture, one side silent, is open", flow(func(f *fact.Flow) {
			f.Sides[fact.Up].SYN, f.Sides[fact.Down].Payload, f.Hello = fact.Mark{}, 0, fact.Hello{}
		}), open, 0},
		{"a server that speaks first works", flow(func(f *fact.Flow) {
			f.Hello, f.Sides[fact.Up].Payload = fact.Hello{}, 0
		}), worked, 0},
		{"opened and never used is no attempt", flow(func(f *fact.Flow) {
			f.Hello, f.Sides[fact.Up].Payload, f.Sides[fact.Down].Payload = fact.Hello{}, 0, 0
		}), idle, 0},
		{"a hello answered by one alert was refused", flow(func(f *fact.Flow) {
			f.Sides[fact.Down].Payload, f.Names.AlertDown = 7, fact.Some[uint8](40)
		}), failed, stageRefused},
		{"a close_notify is no refusal", flow(func(f *fact.Flow) {
			f.Sides[fact.Down].Payload, f.Names.AlertDown = 60, fact.Some[uint8](0)
		}), worked, 0},
	})
}

func TestJudgeHello(t *testing.T) {
	silent := func(change func(f *fact.Flow)) *fact.Flow { return changed(mute(1, "whatsapp", "chat"), change) }
	check(t, []judgeCase{
		{"a hello repeated six times without an ACK fails", silent(func(f *fact.Flow) {}), failed, stageHello},
		{"and fails even where the capture ends", silent(func(f *fact.Flow) { f.End = fact.EndOfCapture }), failed, stageHello},
		{"and even where only one direction was captured", silent(func(f *fact.Flow) {
			f.SYNACK, f.Handshake, f.Blind = fact.Mark{}, false, fact.BlindOneWay
		}), failed, stageHello},
		{"unanswered where only one direction was captured is open", silent(func(f *fact.Flow) {
			f.Hello.Count, f.Blind = 1, fact.BlindOneWay
		}), open, 0},
		{"one repeat and then the end of the capture is open", silent(func(f *fact.Flow) {
			f.Hello.Count, f.End = 1, fact.EndOfCapture
		}), open, 0},
		{"a client that gives up within a second is open", silent(func(f *fact.Flow) {
			f.Hello.Count, f.Last = 0, f.Hello.First.Time+second/2
		}), open, 0},
		{"an acknowledged TLS hello without an answer fails", silent(func(f *fact.Flow) {
			f.Hello.Count, f.Hello.Acked = 0, fact.Some(f.Start+80e6)
		}), failed, stageHello},
		{"an acknowledged message of another protocol may have none", silent(func(f *fact.Flow) {
			f.Hello.Kind, f.Hello.Count, f.Hello.Acked = "other", 0, fact.Some(f.Start+80e6)
		}), open, 0},
		{"a hello answered by a reset fails", silent(func(f *fact.Flow) {
			f.Hello.Count, f.ResetCount[fact.Down], f.End = 0, 1, fact.EndReset
		}), failed, stageReset},
		{"an evicted flow is open", silent(func(f *fact.Flow) { f.Hello.Count, f.End = 2, fact.EndEvicted }), open, 0},
	})
}

func TestJudgeConnect(t *testing.T) {
	syn := func(change func(f *fact.Flow)) *fact.Flow { return changed(unanswered(1, "whatsapp", "chat"), change) }
	check(t, []judgeCase{
		{"four SYNs without an answer fail", syn(func(f *fact.Flow) { f.End = fact.EndOfCapture }), failed, stageConnect},
		{"two SYNs and the end of the capture are open", syn(func(f *fact.Flow) {
			f.Sides[fact.Up].SYNCount, f.End = 2, fact.EndOfCapture
		}), open, 0},
		{"two SYNs and a natural end fail", syn(func(f *fact.Flow) { f.Sides[fact.Up].SYNCount = 2 }), failed, stageConnect},
		{"a single SYN belongs to a client that chose another address", syn(func(f *fact.Flow) {
			f.Sides[fact.Up].SYNCount = 1
		}), open, 0},
		{"a SYN answered by a reset was refused", syn(func(f *fact.Flow) {
			f.Sides[fact.Up].SYNCount, f.ResetCount[fact.Down], f.End = 1, 1, fact.EndReset
		}), failed, stageRefused},
		{"a SYN/ACK that never arrives fails", syn(func(f *fact.Flow) { f.SYNACK.Num = 2 }), failed, stageConnect},
	})
}

func TestJudgeDatagrams(t *testing.T) {
	check(t, []judgeCase{
		{"UDP with data both ways works", datagrams("other", 5, 5, fact.EndIdle), worked, 0},
		{"QUIC Initials without an answer fail", datagrams("quic", 4, 0, fact.EndOfCapture), failed, stageQUIC},
		{"an unanswered datagram is open", datagrams("other", 9, 0, fact.EndIdle), open, 0},
		{"a datagram nobody asked for is no attempt", datagrams("other", 0, 3, fact.EndIdle), idle, 0},
		{"ICMP is no attempt", &fact.Flow{Key: key("192.168.1.23", "203.0.113.9", capture.ProtoICMP, 0)}, idle, 0},
	})
}

func TestJudgeName(t *testing.T) {
	answers := func(rcodes ...uint8) []fact.DNSAnswer {
		var out []fact.DNSAnswer
		for _, r := range rcodes {
			out = append(out, fact.DNSAnswer{Rcode: r, RTT: fact.Some(time.Millisecond)})
		}
		return out
	}
	tests := []struct {
		name, qname string
		answers     []fact.DNSAnswer
		want        outcome
	}{
		{"an address works", "web.whatsapp.com", answers(0), worked},
		{"NXDOMAIN for a name that exists fails", "web.whatsapp.com", answers(3), failed},
		{"NXDOMAIN for any other name may be true", "nosuch.whatsapp.com", answers(3), worked},
		{"REFUSED fails", "nosuch.whatsapp.com", answers(5), failed},
		{"SERVFAIL fails", "nosuch.whatsapp.com", answers(2), failed},
		{"a later answer helps", "web.whatsapp.com", answers(3, 0), worked},
		{"no answer is open", "web.whatsapp.com", nil, open},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := judgeName(&fact.DNS{QName: tt.qname, Answers: tt.answers}, fakeRules{}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParty(t *testing.T) {
	server := key("10.0.0.1", "203.0.113.7", 6, 443).DstAddr()
	tests := []struct{ name, in, want string }{
		{"hosts of one domain are one party", "a.b.example.org", "example.org"},
		{"a public suffix is respected", "shop.example.co.uk", "example.co.uk"},
		{"case and the root dot do not matter", "WWW.Example.ORG.", "example.org"},
		{"without a name it is the address", "", "203.0.113.7"},
		{"an address as a name stays", "198.51.100.1", "198.51.100.1"},
		{"a bare suffix stays", "org", "org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := party(tt.in, server); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
