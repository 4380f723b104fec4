package answer

import (
	"fmt"
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// fakeRules knows two messengers of different owners, one relative, and a name.
type fakeRules struct{}

func (fakeRules) Service(id string) (service.Info, bool) {
	switch id {
	case "whatsapp":
		return service.Info{ID: id, Name: "WhatsApp", Family: "meta", Functions: []string{"chat", "media", "call"}}, true
	case "instagram":
		return service.Info{ID: id, Name: "Instagram (incl. Direct)", Family: "meta", Functions: []string{"chat"}}, true
	case "telegram":
		return service.Info{ID: id, Name: "Telegram", Functions: []string{"chat", "media", "call"}}, true
	}
	return service.Info{}, false
}

func (fakeRules) Classify(e *service.Evidence) service.Label {
	if e.QName == "web.whatsapp.com" {
		return service.Label{Service: "whatsapp", Family: "meta", Function: "chat"}
	}
	return service.Label{}
}

func (fakeRules) MustExist(name string) bool { return name == "web.whatsapp.com" }

const second = int64(time.Second)

// base is the start of every made capture.
var base = time.Date(2026, 11, 20, 18, 2, 11, 0, time.UTC).UnixNano()

func key(client, server string, proto uint8, port uint16) capture.Key {
	return capture.Key{
		Src: netip.MustParseAddr(client).As16(), Dst: netip.MustParseAddr(server).As16(),
		SrcPort: 50000, DstPort: port, Proto: proto,
	}
}

// tcpFlow is a flow that shook hands, asked and was answered.
func tcpFlow(id int, svc, function string) *fact.Flow {
	f := &fact.Flow{
		ID: fact.FlowID(id), Key: key("192.168.1.23", fmt.Sprintf("203.0.113.%d", id%250+1), capture.ProtoTCP, 443),
		Start: base + int64(id)*second, Last: base + int64(id+20)*second,
		End: fact.EndClosed, Handshake: true,
		Label: service.Label{Service: svc, Function: function},
	}
	f.SYNACK = fact.Mark{Num: 2, Time: f.Start + 41e6}
	f.Hello = fact.Hello{Kind: "tls", First: fact.Mark{Num: 4, Time: f.Start + 42e6}, Data: fact.Mark{Num: 6}}
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	up.SYN, up.SYNCount = fact.Mark{Num: 1, Time: f.Start}, 1
	up.Packets, up.Payload, up.IPBytes = 10, 517, 1200
	up.RTT.Handshake = fact.Some(41 * time.Millisecond)
	down.Packets, down.Payload, down.IPBytes, down.PeakBps = 300, 400000, 420000, 21e6
	return f
}

// mute is a flow whose hello is never acknowledged.
func mute(id int, svc, function string) *fact.Flow {
	f := tcpFlow(id, svc, function)
	f.Hello.Data, f.Hello.Count = fact.Mark{}, 6
	f.Sides[fact.Down].Payload, f.Sides[fact.Down].IPBytes, f.Sides[fact.Down].PeakBps = 0, 60, 0
	f.End = fact.EndIdle
	return f
}

// unanswered is a flow whose SYNs get nothing.
func unanswered(id int, svc, function string) *fact.Flow {
	f := mute(id, svc, function)
	f.SYNACK, f.Handshake, f.Hello = fact.Mark{}, false, fact.Hello{}
	f.Sides[fact.Up].Payload, f.Sides[fact.Up].SYNCount = 0, 4
	f.Sides[fact.Up].RTT = fact.RTT{}
	return f
}

// query is a DNS flow with one exchange.
func query(id int, svc, function, name string, rcode uint8) *fact.Flow {
	f := &fact.Flow{ID: fact.FlowID(id), Key: key("192.168.1.23", "8.8.8.8", capture.ProtoUDP, 53),
		Start: base + int64(id)*second, End: fact.EndIdle,
		Label: service.Label{Service: svc, Function: function}}
	f.DNS = []fact.DNS{{Query: fact.Mark{Num: uint64(id), Time: f.Start}, QName: name, QType: 1,
		Answers: []fact.DNSAnswer{{Num: uint64(id) + 1, Rcode: rcode}}}}
	return f
}

// about is a finding on flows.
func about(id string, kind finding.Kind, v finding.Verdict, svc, function string, flows ...*fact.Flow) *finding.Finding {
	f := &finding.Finding{ID: id, Kind: kind, Verdict: v, Service: svc, Function: function, From: time.Unix(0, base+5*second)}
	for _, fl := range flows {
		f.Flows = append(f.Flows, fl.ID.String())
		f.Name = fl.Name()
		f.Server = &finding.Endpoint{IP: fl.Key.DstAddr(), Port: fl.Key.DstPort}
	}
	return f
}

// one builds and returns the answer for one service.
func one(b *Builder, id string) Service {
	for _, s := range b.Services(&fact.World{}) {
		if s.Service == id {
			return s
		}
	}
	return Service{}
}
