package classify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// Ends of the stories below.
const (
	phone  = "192.168.1.6:50342"
	relay  = "157.240.205.62:3478"
	friend = "198.51.100.61:41000"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// flowOf is a flow between two ends, seen for some seconds.
func flowOf(id fact.FlowID, proto uint8, client, server string, from, until int64) *fact.Flow {
	c, s := ap(client), ap(server)
	return &fact.Flow{
		ID: id, Start: from * second, Last: until * second, End: fact.EndIdle, Now: (until + 200) * second,
		Key: capture.Key{Src: c.Addr().As16(), Dst: s.Addr().As16(), SrcPort: c.Port(), DstPort: s.Port(), Proto: proto},
	}
}

// calls is what a flow says of a call at some second, with the peers it names.
func calls(id fact.FlowID, at int64, peers ...string) *track.Arranged {
	o := &track.Arranged{Num: uint64(id), Flow: id, Time: at * second, Proto: capture.ProtoUDP, Client: ap(phone), Server: ap(relay)}
	for _, p := range peers {
		o.Peers = append(o.Peers, ap(p))
	}
	return o
}

func labelOf(svc, family string, confidence float64) *service.Label {
	return &service.Label{Service: svc, Family: family, Confidence: confidence}
}

// inherits is what arrangements say of a flow: "by service/family", sorted as
// told.
func inherits(a *arrangements, f *fact.Flow) string {
	var out []string
	for _, x := range a.about(f) {
		out = append(out, x.By+" "+x.Service+"/"+x.Family)
	}
	return strings.Join(out, ", ")
}

func TestMediaInherits(t *testing.T) {
	whatsapp, facebook, meta := labelOf("whatsapp", "meta", 0.9), labelOf("facebook", "meta", 0.9), labelOf("", "meta", 0.7)
	telegram := labelOf("telegram", "telegram", 0.9)
	type word struct {
		o *track.Arranged
		l *service.Label
	}
	media := flowOf(9, capture.ProtoUDP, phone, friend, 10, 60)
	other := "192.168.1.7:50342"
	for _, c := range []struct {
		why  string
		said []word
		f    *fact.Flow
		want string
	}{
		{"the socket's other flows", []word{{calls(1, 5), whatsapp}}, media, "socket whatsapp/meta"},
		{"not those of the next host", []word{{calls(1, 5), whatsapp}}, flowOf(9, capture.ProtoUDP, other, friend, 10, 60), ""},
		{"nor of the next socket", []word{{calls(1, 5), whatsapp}}, flowOf(9, capture.ProtoUDP, "192.168.1.6:50343", friend, 10, 60), ""},
		{"a peer", []word{{calls(1, 5, friend), whatsapp}}, flowOf(9, capture.ProtoUDP, other, friend, 10, 60), "peer whatsapp/meta"},
		{"and what the peer sends", []word{{calls(1, 5, friend), whatsapp}}, flowOf(9, capture.ProtoUDP, friend, other, 10, 60), "peer whatsapp/meta"},
		{"both ends", []word{{calls(1, 5, friend), whatsapp}}, media, "socket whatsapp/meta, peer whatsapp/meta"},
		{"no other port of the peer", []word{{calls(1, 5, friend), whatsapp}}, flowOf(9, capture.ProtoUDP, other, "198.51.100.61:443", 10, 60), ""},
		{"nothing over TCP", []word{{calls(1, 5, friend), whatsapp}}, flowOf(9, capture.ProtoTCP, phone, friend, 10, 60), ""},
		{"the flow itself says nothing new", []word{{calls(9, 5, friend), whatsapp}}, media, ""},

		{"300 s before", []word{{calls(1, 5), whatsapp}}, flowOf(9, capture.ProtoUDP, phone, friend, 305, 400), "socket whatsapp/meta"},
		{"longer ago", []word{{calls(1, 5), whatsapp}}, flowOf(9, capture.ProtoUDP, phone, friend, 306, 400), ""},
		{"candidates tried before the relay answers", []word{{calls(1, 15), whatsapp}}, media, "socket whatsapp/meta"},
		{"over before it was said", []word{{calls(1, 61), whatsapp}}, media, ""},
		{"said by one flow, then by the next", []word{{calls(1, 5), whatsapp}, {calls(2, 200), whatsapp}}, media, "socket whatsapp/meta"},
		{"said again after it lapsed", []word{{calls(1, 5), whatsapp}, {calls(2, 600), whatsapp}}, media, ""},

		{"two claim it", []word{{calls(1, 5), whatsapp}, {calls(2, 6), telegram}}, media, ""},
		{"and one insists", []word{{calls(1, 5), whatsapp}, {calls(2, 6), telegram}, {calls(1, 7), whatsapp}}, media, ""},
		{"one claims it after the other's lapsed", []word{{calls(1, 5), telegram}, {calls(2, 400), whatsapp}},
			flowOf(9, capture.ProtoUDP, phone, friend, 400, 410), "socket whatsapp/meta"},
		{"two of a family", []word{{calls(1, 5), whatsapp}, {calls(2, 6), facebook}}, media, "socket /meta"},
		{"and one insists", []word{{calls(1, 5), whatsapp}, {calls(2, 6), facebook}, {calls(3, 7), whatsapp}}, media, "socket /meta"},
		{"and the other", []word{{calls(1, 5), whatsapp}, {calls(2, 6), facebook}, {calls(2, 7), facebook}}, media, "socket /meta"},
		{"said late for earlier", []word{{calls(1, 200), whatsapp}, {calls(2, 5), whatsapp}},
			flowOf(9, capture.ProtoUDP, phone, friend, 450, 460), "socket whatsapp/meta"},
		{"a family, then the service", []word{{calls(1, 5), meta}, {calls(2, 6), whatsapp}}, media, "socket whatsapp/meta"},
		{"the service, then a family", []word{{calls(1, 5), whatsapp}, {calls(2, 6), meta}}, media, "socket whatsapp/meta"},
		{"one flow that came to know better", []word{{calls(1, 5), telegram}, {calls(1, 6), whatsapp}}, media, "socket whatsapp/meta"},

		{"a doubtful service lends its family", []word{{calls(1, 5), labelOf("whatsapp", "meta", 0.3)}}, media, "socket /meta"},
		{"its own name where it has none", []word{{calls(1, 5), labelOf("telegram", "telegram", 0.3)}}, media, "socket /telegram"},
		{"what many share and a port lend nothing", []word{{calls(1, 5), labelOf("", "google", 0.3)}}, media, ""},
		{"nor does a decoy", []word{{calls(1, 5), &service.Label{Family: "meta", Confidence: 0.35, Mismatch: true}}}, media, ""},
		{"nor the unknown", []word{{calls(1, 5), &service.Label{}}}, media, ""},

		{"mapped addresses", []word{{calls(1, 5, "[::ffff:198.51.100.61]:41000"), whatsapp}},
			flowOf(9, capture.ProtoUDP, other, friend, 10, 60), "peer whatsapp/meta"},
		{"the peer behind NAT64", []word{{calls(1, 5, friend), whatsapp}},
			flowOf(9, capture.ProtoUDP, "[2001:db8::6]:50342", "[64:ff9b::c633:643d]:41000", 10, 60), "peer whatsapp/meta"},
		{"the same the other way", []word{{calls(1, 5, "[64:ff9b::c633:643d]:41000"), whatsapp}},
			flowOf(9, capture.ProtoUDP, other, friend, 10, 60), "peer whatsapp/meta"},
		{"another IPv6 address of those bits", []word{{calls(1, 5, friend), whatsapp}},
			flowOf(9, capture.ProtoUDP, "[2001:db8::6]:50342", "[64:ff9c::c633:643d]:41000", 10, 60), ""},
	} {
		a := newArrangements()
		for _, w := range c.said {
			a.learn(w.o, w.l)
		}
		if got := inherits(a, c.f); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

// TestArrangedByWhatShowsTheService: a flow that knows less does not stand in
// for the one that knew more.
func TestArrangedByWhatShowsTheService(t *testing.T) {
	a := newArrangements()
	a.learn(calls(1, 5), labelOf("whatsapp", "meta", 0.9))
	a.learn(calls(2, 6), labelOf("", "meta", 0.7))
	got := a.about(flowOf(9, capture.ProtoUDP, phone, friend, 10, 60))
	if len(got) != 1 || got[0].Flow != "c000001" {
		t.Errorf("%+v", got)
	}
}

func TestNoMediaGoesThere(t *testing.T) {
	a := newArrangements()
	a.learn(calls(1, 5, "0.0.0.0:41000", "[::]:41000", "127.0.0.1:41000", "224.0.0.251:5353", "[ff02::fb]:5353", "198.51.100.61:0"),
		labelOf("whatsapp", "meta", 0.9))
	if len(a.of) != 1 || len(a.order) != 1 { // the socket
		t.Errorf("%d ends promised: %v", len(a.of), a.order)
	}
}

// TestArrangementsAreBounded: whoever names ends without end pushes out the
// oldest, and saying the same again takes no room.
func TestArrangementsAreBounded(t *testing.T) {
	a := newArrangements()
	for i := range 3 * maxArranged {
		o := calls(fact.FlowID(i+1), 5)
		o.Peers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, byte(i >> 16), byte(i >> 8), byte(i)}), 1000)}
		a.learn(o, labelOf("whatsapp", "meta", 0.9))
		if len(a.of) > maxArranged || len(a.order) != len(a.of) {
			t.Fatalf("%d ends, %d in order", len(a.of), len(a.order))
		}
	}
	if len(a.of) != maxArranged {
		t.Errorf("%d ends, want %d", len(a.of), maxArranged)
	}
	if cap(a.order) > 4*maxArranged {
		t.Errorf("room for %d", cap(a.order))
	}
}

// answered is a span in which a service answered the phone.
func answered(svc, family string, flow fact.FlowID, from, until int64) *fact.Control {
	return &fact.Control{
		Flow: flow, Service: svc, Owner: family, Client: ap(phone).Addr(), First: from * second, Last: until * second,
	}
}

func TestSessionsAreLive(t *testing.T) {
	f := flowOf(9, capture.ProtoUDP, phone, relay, 1000, 1010)
	for _, c := range []struct {
		why  string
		seen []*fact.Control
		want string
	}{
		{"while it answered", []*fact.Control{answered("max", "vk", 1, 900, 1005)}, "max c000001"},
		{"120 s before", []*fact.Control{answered("max", "vk", 1, 800, 880)}, "max c000001"},
		{"longer ago", []*fact.Control{answered("max", "vk", 1, 800, 879)}, ""},
		{"120 s after", []*fact.Control{answered("max", "vk", 1, 1130, 1140)}, "max c000001"},
		{"later", []*fact.Control{answered("max", "vk", 1, 1131, 1140)}, ""},
		{"earlier and much later", []*fact.Control{answered("max", "vk", 1, 990, 995), answered("max", "vk", 2, 4000, 4001)}, "max c000001"},
		{"of another family", []*fact.Control{answered("whatsapp", "meta", 1, 990, 995)}, ""},
		{"two of the family", []*fact.Control{answered("max", "vk", 1, 990, 995), answered("ok", "vk", 2, 990, 995)}, "max c000001, ok c000002"},
		{"by the flow itself", []*fact.Control{answered("max", "vk", 9, 1000, 1005)}, ""},
		{"by the flow and another", []*fact.Control{answered("max", "vk", 9, 1000, 1005), answered("max", "vk", 10, 1000, 1006)}, "max c000010"},
		{"by nobody we know", []*fact.Control{answered("", "vk", 1, 990, 995)}, ""},
	} {
		s := newSessions()
		for _, x := range c.seen {
			s.saw(x)
		}
		var got []string
		for _, x := range s.about(f.Key.SrcAddr(), f.ID, f.Start, f.Last, "vk") {
			got = append(got, x.Service+" "+x.Flow)
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%s: %q, want %q", c.why, g, c.want)
		}
		if got := s.about(ap(friend).Addr(), f.ID, f.Start, f.Last, "vk"); got != nil {
			t.Errorf("%s: another client has %v", c.why, got)
		}
	}
}

// TestSessionsAreBounded: neither clients nor services nor connections without
// end take memory without end.
func TestSessionsAreBounded(t *testing.T) {
	s := newSessions()
	for i := range 3 * maxSessions {
		c := answered("max", "vk", 1, 1, 2)
		c.Client = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		s.saw(c)
	}
	if len(s.of) != maxSessions || len(s.order) != maxSessions {
		t.Errorf("%d clients, %d in order, want %d", len(s.of), len(s.order), maxSessions)
	}
	s = newSessions()
	for i := range int64(100) {
		for k := range int64(50) {
			s.saw(answered(fmt.Sprintf("s%d", i), "", fact.FlowID(i), 1000*i+20*k, 1000*i+20*k+5))
		}
	}
	list := s.of[ap(phone).Addr()]
	if len(list) != maxLive || list[len(list)-1].service != "s99" || list[0].service != "s84" {
		t.Errorf("%d services, from %s to %s", len(list), list[0].service, list[len(list)-1].service)
	}
	if n := len(list[0].opened); n != maxOpened {
		t.Errorf("%d connections, want %d", n, maxOpened)
	}
	s.saw(answered("s84", "", 84, 85_000, 99_900))
	s.saw(answered("s100", "", 100, 99_990, 99_995))
	list = s.of[ap(phone).Addr()]
	if k := slices.IndexFunc(list, func(l live) bool { return l.service == "s85" }); k >= 0 || len(list) != maxLive {
		t.Errorf("s85 was live longest ago and is still there, with %d others", len(list)-1)
	}
}

// TestManyConnectionsAtOnceCountOnce: a burst does not push out what came before
// it.
func TestManyConnectionsAtOnceCountOnce(t *testing.T) {
	s := newSessions()
	s.saw(answered("max", "vk", 1, 1000, 1001))
	for i := range fact.FlowID(100) {
		s.saw(answered("max", "vk", i+2, 1030, 1031))
	}
	if n := s.owners(flowOf(9, capture.ProtoTCP, phone, relay, 990, 991), 10*second); n != 1 {
		t.Errorf("%d owners, want the one from before the burst", n)
	}
}
