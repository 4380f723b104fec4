package classify

import (
	"fmt"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// Places of the stories below, as the rules have them.
const (
	vkCalls    = "155.212.205.186:19302" // of the family
	vkWeb      = "217.20.155.13:443"
	metaShared = "157.240.205.62:443" // shared by the family
	teams      = "52.114.77.33:443"
	nowhere    = "198.51.100.7:443"
	fronted    = "104.18.10.10:443"
)

// named is a flow that was answered, with names.
func named(proto uint8, server string, n fact.Names) *fact.Flow {
	f := flowOf(9, proto, phone, server, 1000, 1010)
	f.Names = n
	f.Sides[fact.Up].Payload, f.Sides[fact.Down].Payload = 1000, 5000
	return f
}

// TestSessionsNarrowWhatHasNoOtherName holds precedence 6: a session tells the
// service of a shared name, and of a family's address where no name is known.
// Whoever has a name of his own keeps it.
func TestSessionsNarrowWhatHasNoOtherName(t *testing.T) {
	const tcp, udp = capture.ProtoTCP, capture.ProtoUDP
	const foreign = "mobile.pipe.aria.example.com"
	for _, c := range []struct {
		why  string
		f    *fact.Flow
		live []string
		want string
	}{
		{"a shared name", named(tcp, vkWeb, fact.Names{SNI: "calls.okcdn.ru"}), []string{"max"}, "max/vk call_signalling"},
		{"a shared name, nobody live", named(tcp, vkWeb, fact.Names{SNI: "calls.okcdn.ru"}), nil, "/vk call_signalling"},
		{"a shared name, two live", named(tcp, vkWeb, fact.Names{SNI: "calls.okcdn.ru"}), []string{"max", "ok"}, "/vk call_signalling"},
		{"a shared name that was resolved", named(tcp, vkWeb, fact.Names{DNS: []string{"calls.okcdn.ru"}}), []string{"max"}, "max/vk call_signalling"},
		{"a name of a service", named(tcp, vkWeb, fact.Names{SNI: "ok.ru"}), []string{"max"}, "ok/vk any"},
		{"an address of the family", named(udp, vkCalls, fact.Names{}), []string{"max"}, "max/vk call"},
		{"the same with a name of somebody's", named(tcp, vkCalls, fact.Names{SNI: foreign}), []string{"max"}, "/vk "},
		{"one in a request", named(tcp, vkCalls, fact.Names{Host: foreign}), []string{"max"}, "/vk "},
		{"one in a certificate", named(tcp, vkCalls, fact.Names{CertNames: []string{foreign}}), []string{"max"}, "/vk "},
		{"one that was resolved", named(tcp, vkCalls, fact.Names{DNS: []string{foreign}}), []string{"max"}, "/vk "},
		{"two for the same bytes", named(tcp, vkCalls, fact.Names{SNI: "max.ru", Decoy: foreign}), []string{"max"}, "/vk "},
		{"an address that the family shares with others", named(tcp, metaShared, fact.Names{}), []string{"whatsapp"}, "/meta "},
		{"an address of the service under a name of somebody's", named(tcp, teams, fact.Names{SNI: foreign}), []string{"skype_teams"}, "/microsoft "},
		{"the same without", named(tcp, teams, fact.Names{}), nil, "skype_teams/microsoft any"},
		{"nobody's address", named(tcp, nowhere, fact.Names{}), []string{"max"}, "/ "},
	} {
		r := engine()
		for i, svc := range c.live {
			info, _ := r.opt.Rules.Service(svc)
			r.seen.sessions.saw(answered(svc, info.Family, fact.FlowID(i+1), 990, 1005))
		}
		l := r.labelFlow(c.f)
		if got := l.Service + "/" + l.Family + " " + l.Function; got != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.why, got, c.want, l.Why)
		}
	}
}

// TestNamesUnderEncryptedHellos holds precedence 12.
func TestNamesUnderEncryptedHellos(t *testing.T) {
	r := engine()
	d := resolved("hidden.example", 1, 60)
	d.Answer.ECHName = "front.example"
	r.learn(&track.Observations{DNS: []track.DNSSeen{*d}})
	d.Answer.ECHName = "web.whatsapp.com"
	r.learn(&track.Observations{DNS: []track.DNSSeen{*d}})
	signal := []string{"chat.signal.org"}
	for _, c := range []struct {
		why  string
		n    fact.Names
		want string
	}{
		{"a front that the rules know", fact.Names{ECH: "outer", SNI: "cloudflare-ech.com", DNS: signal}, "signal"},
		{"it alone", fact.Names{ECH: "outer", SNI: "cloudflare-ech.com"}, ""},
		{"a front that a resolver told", fact.Names{ECH: "outer", SNI: "front.example", DNS: signal}, "signal"},
		{"its own site", fact.Names{SNI: "front.example", DNS: signal}, ""},
		{"no front", fact.Names{ECH: "outer", SNI: "www.example.org", DNS: signal}, ""},
		{"a service's name that is called a front", fact.Names{ECH: "outer", SNI: "web.whatsapp.com", DNS: signal}, "mismatch"},
	} {
		f := named(capture.ProtoTCP, fronted, c.n)
		r.hidden(f)
		l := r.labelFlow(f)
		if l.Mismatch {
			l.Service = "mismatch"
		}
		if l.Service != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.why, l.Service, c.want, l.Why)
		}
	}
}

// TestCallsOfNobody: media that nothing names is a call, and nobody's; a port or
// an address tells no function without a service.
func TestCallsOfNobody(t *testing.T) {
	speaking := func(app, server string) *fact.Flow {
		f := named(capture.ProtoUDP, server, fact.Names{})
		f.App = app
		return f
	}
	oneWay := speaking("rtp", "198.51.100.7:5004")
	oneWay.Sides[fact.Up].Payload = 0
	cast := speaking("rtp", "198.51.100.7:5004")
	cast.Sides[fact.Down].Payload = 0
	for _, c := range []struct {
		why      string
		f        *fact.Flow
		svc, fn  string
		arranged *service.Label
	}{
		{"RTP", speaking("rtp", "198.51.100.7:5004"), "", "call", nil},
		{"from a camera", oneWay, "", "", nil},
		{"to nobody who answers", cast, "", "", nil},
		{"STUN", speaking("stun", "198.51.100.7:3478"), "", "", nil},
		{"TURN", speaking("turn", "198.51.100.7:3478"), "", "", nil},
		{"DTLS", speaking("dtls", "198.51.100.7:5004"), "", "", nil},
		{"STUN that everybody uses", speaking("stun", "74.125.250.129:19302"), "", "", nil},
		{"RTP at an address that a family shares", speaking("rtp", "157.240.205.62:3478"), "", "call", nil},
		{"RTP of a service that has calls", speaking("rtp", "52.114.77.33:50000"), "skype_teams", "call", nil},
		{"a call that another flow arranged", speaking("", "198.51.100.7:5004"), "whatsapp", "call", labelOf("whatsapp", "meta", 0.9)},
		{"a call of a family", speaking("", "198.51.100.7:5004"), "", "call", labelOf("", "meta", 0.9)},
	} {
		r := engine()
		if c.arranged != nil {
			r.seen.arranged.learn(calls(1, 995), c.arranged)
		}
		l := r.labelFlow(c.f)
		if l.Service != c.svc || l.Function != c.fn {
			t.Errorf("%s: %q %q, want %q %q: %+v", c.why, l.Service, l.Function, c.svc, c.fn, l.Why)
		}
	}
}

// TestArrangedByItsLabel: what signalling lends is what it is labelled by its
// own payload and place, through the whole of a tick.
func TestArrangedByItsLabel(t *testing.T) {
	for _, c := range []struct {
		why   string
		signs []service.Sign
		relay string
		live  string
		want  string
	}{
		{"a relay of the service's", signs("wa-stun-type", ""), relay, "", "whatsapp"},
		{"one anywhere, by payload", signs("wa-stun-type", ""), "198.51.100.9:3478", "", "whatsapp"},
		{"a relay that everybody uses", nil, "74.125.250.129:19302", "", ""},
		{"a relay of nobody", nil, "198.51.100.9:3478", "", ""},
		{"a relay of a family's, of which one is live", nil, vkCalls, "max", "max"},
		{"of which none is", nil, vkCalls, "", ""},
		{"a relay at an address that a family shares", nil, "157.240.205.62:3478", "whatsapp", ""},
	} {
		r := engine()
		if c.live != "" {
			info, _ := r.opt.Rules.Service(c.live)
			r.seen.sessions.saw(answered(c.live, info.Family, 3, 990, 1005))
		}
		o := calls(1, 1001, friend)
		o.Server, o.Signs = ap(c.relay), c.signs
		r.learn(&track.Observations{Arranged: []track.Arranged{*o}})
		f := named(capture.ProtoUDP, friend, fact.Names{})
		if l := r.labelFlow(f); l.Service != c.want || l.Family != "" && c.want == "" {
			t.Errorf("%s: %q of %q, want %q", c.why, l.Service, l.Family, c.want)
		}
		f.Key.Proto = capture.ProtoTCP
		if l := r.labelFlow(f); l.Service != "" {
			t.Errorf("%s: %q over TCP", c.why, l.Service)
		}
	}
}

// TestControlsKeepTheirOwner: that a name has lapsed since does not make a flow
// that lasts somebody else's.
func TestControlsKeepTheirOwner(t *testing.T) {
	r := engine()
	r.learn(&track.Observations{DNS: []track.DNSSeen{*resolved("chat.signal.org", 995, 60, asked)}})
	for _, at := range []int64{1000, 1300, 9000} {
		c := answered("", "", 1, at, at+1)
		c.Server, c.Port, c.Proto = asked, 443, capture.ProtoTCP
		r.learn(&track.Observations{Controls: []track.Progress{{Num: uint64(at), Control: *c}}})
		got := r.world.ControlsFor(fact.ControlQuery{From: at * second, Client: asker}, 1)
		if len(got) != 1 || got[0].Owner != "signal" {
			t.Errorf("at %d: %+v", at, got)
		}
	}
	late := answered("", "", 2, 9000, 9001)
	late.Server, late.Port, late.Proto = asked, 443, capture.ProtoTCP
	r.learn(&track.Observations{Controls: []track.Progress{{Num: 9001, Control: *late}}})
	if got := r.world.ControlsFor(fact.ControlQuery{From: 9000 * second}, 1); got[0].Owner != "" {
		t.Errorf("a flow of which the name had lapsed is %q", got[0].Owner)
	}
	for i := range 3 * fact.MaxControls {
		r.seen.starts.of(&fact.Control{Flow: fact.FlowID(i + 10)})
	}
	if n, m := len(r.seen.starts.at), len(r.seen.starts.order); n != fact.MaxControls || m != n {
		t.Errorf("%d starts, %d in order", n, m)
	}
}

// TestManyNamesOfOneAddress holds precedence 7: what several share, or may, is
// worth less; what several owners share says nothing.
func TestManyNamesOfOneAddress(t *testing.T) {
	r := engine()
	label := func(shared bool, names ...string) service.Label {
		return r.labelFlow(named(capture.ProtoTCP, nowhere, fact.Names{DNS: names, DNSShared: shared}))
	}
	one := label(false, "chat.signal.org")
	for _, c := range []struct {
		why    string
		l      service.Label
		svc    string
		weaker bool
	}{
		{"one", one, "signal", false},
		{"two of the service", label(false, "chat.signal.org", "storage.signal.org"), "signal", false},
		{"one, with more than are kept", label(true, "chat.signal.org"), "signal", true},
		{"one beside a stranger's", label(false, "chat.signal.org", "www.example.org"), "signal", true},
		{"two owners", label(false, "chat.signal.org", "api.zoom.us"), "", true},
	} {
		if c.l.Service != c.svc || (c.l.Confidence < one.Confidence) != c.weaker {
			t.Errorf("%s: %q, %v of %v", c.why, c.l.Service, c.l.Confidence, one.Confidence)
		}
	}
}

// TestLittleTellsTheSame: what labels most flows when they end says what a
// record would.
func TestLittleTellsTheSame(t *testing.T) {
	r := engine()
	for i := range maxBound + 1 {
		r.learn(&track.Observations{DNS: []track.DNSSeen{*resolved(fmt.Sprintf("n%d.signal.org", i), 990, 60, asked)}})
	}
	d := resolved("chat.signal.org", 990, 60, ap(fronted).Addr())
	d.Answer.ECHName = "front.example"
	r.learn(&track.Observations{DNS: []track.DNSSeen{*d}})
	little := func(to, sni string) service.Label {
		return r.label(labelled{sni: sni, client: asker, server: ap(to).Addr(), port: 443, proto: capture.ProtoTCP, start: 1000 * second})
	}
	one, many := little(fronted, ""), little(nowhere, "")
	if one.Service != "signal" || many.Service != "signal" || many.Confidence >= one.Confidence {
		t.Errorf("one name: %q %v; more than are kept: %q %v", one.Service, one.Confidence, many.Service, many.Confidence)
	}
	if l := little(fronted, "front.example"); l.Service != "signal" {
		t.Errorf("under a front: %q", l.Service)
	}
	if l := little(fronted, "www.example.org"); l.Service != "" {
		t.Errorf("under a name of somebody's: %q", l.Service)
	}
}

// TestDoubtfulServicesAreNotLive: what is only possible narrows nothing else.
func TestDoubtfulServicesAreNotLive(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  int
	}{{[]string{"chat.signal.org"}, 1}, {[]string{"chat.signal.org", "www.example.org"}, 0}} {
		r := engine()
		for _, n := range c.names {
			r.learn(&track.Observations{DNS: []track.DNSSeen{*resolved(n, 990, 60, asked)}})
		}
		x := answered("", "", 1, 1000, 1001)
		x.Server, x.Port, x.Proto = asked, 443, capture.ProtoTCP
		r.learn(&track.Observations{Controls: []track.Progress{{Num: 1, Control: *x}}})
		got := r.seen.sessions.about(asker, 9, 1000*second, 1001*second, "signal")
		l := r.label(labelled{both: true, client: asker, server: x.Server, port: 443, proto: x.Proto, start: 1000 * second})
		if len(got) != c.want || l.Service != "signal" {
			t.Errorf("%v: %d services live, want %d, labelled %q %v", c.names, len(got), c.want, l.Service, l.Confidence)
		}
	}
}

// TestBehindAProxyTheNameCounts: the address is the proxy's and says nothing
// for or against.
func TestBehindAProxyTheNameCounts(t *testing.T) {
	r := engine()
	for _, proxied := range []bool{false, true} {
		f := named(capture.ProtoTCP, "192.0.2.8:3128", fact.Names{SNI: "web.whatsapp.com", Proxied: proxied})
		if l := r.labelFlow(f); (l.Service == "whatsapp") != proxied || l.Mismatch == proxied {
			t.Errorf("proxied %v: %q, mismatch %v", proxied, l.Service, l.Mismatch)
		}
	}
}
