package classify

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// engine is a run that nothing was read into.
func engine() *run { return newRun(&capturetest.Source{}, newRecorder(), Options{Seed: 1}) }

func TestRealAndGreaseHellos(t *testing.T) {
	r := engine()
	d := resolved("hidden.example", 1, 60)
	d.Answer.ECHName = "front.example"
	r.learn(&track.Observations{DNS: []track.DNSSeen{*d}})
	for _, c := range []struct{ ech, sni, want, outer string }{
		{"", "cloudflare-ech.com", "", ""},
		{"outer", "cloudflare-ech.com", "real", "cloudflare"},
		{"outer", "front.example", "real", "front.example"},
		{"outer", "hidden.example", "grease", ""},
		{"outer", "www.example.org", "grease", ""},
		{"outer", "", "grease", ""},
		{"inner", "front.example", "inner", ""},
	} {
		f := &fact.Flow{Names: fact.Names{ECH: c.ech, SNI: c.sni}}
		r.hidden(f)
		if f.Names.ECH != c.want || f.Names.ECHOuter != c.outer {
			t.Errorf("%s %s: %q by %q, want %q by %q", c.ech, c.sni, f.Names.ECH, f.Names.ECHOuter, c.want, c.outer)
		}
	}
}

func signs(rulesAndValues ...string) (out []service.Sign) {
	for i := 0; i < len(rulesAndValues); i += 2 {
		out = append(out, service.Sign{Rule: rulesAndValues[i], Value: rulesAndValues[i+1]})
	}
	return out
}

func TestWhatPayloadSays(t *testing.T) {
	r := engine()
	for _, c := range []struct {
		why   string
		proto uint8
		app   string
		signs []service.Sign
		want  string
		place string
		media bool
	}{
		{"nothing", capture.ProtoTCP, "", nil, "", "", false},
		{"a data centre", capture.ProtoTCP, "", signs("tg-obfuscated", "dc4"), "mtproto", "dc4", false},
		{"for media", capture.ProtoTCP, "", signs("tg-obfuscated", "dc2 media"), "mtproto", "dc2", true},
		{"for files", capture.ProtoTCP, "", signs("tg-obfuscated", "dc203 media"), "mtproto", "dc203", true},
		{"none named", capture.ProtoTCP, "", signs("tg-obfuscated", ""), "mtproto", "", false},
		{"none that is", capture.ProtoTCP, "", signs("tg-obfuscated", "dc6 media"), "mtproto", "", false},
		{"also where something else was seen to be spoken", capture.ProtoTCP, "tls", signs("tg-obfuscated", "dc4"), "tls", "dc4", false},
		{"a realm that looks like one", capture.ProtoUDP, "stun", signs("tg-stun-realm", "dc4 media"), "stun", "", false},
		{"a shape", capture.ProtoTCP, "", signs("tg-abridged", ""), "", "", false},
		{"a shape and a protocol", capture.ProtoTCP, "", signs("tg-abridged", "", "tg-plain", "intermediate"), "mtproto", "", false},
		{"two rules of one protocol", capture.ProtoUDP, "", signs("wg-initiation", "", "wg-response", ""), "wireguard", "", false},
		{"two protocols", capture.ProtoUDP, "", signs("wg-initiation", "", "ike", "v2"), "", "", false},
		{"an unknown rule", capture.ProtoTCP, "", signs("no-such", "dc4"), "", "", false},
		{"a tunnel without ports", capture.ProtoESP, "", signs("esp", ""), "esp", "", false},
		{"another", capture.ProtoGRE, "", nil, "gre", "", false},
	} {
		f := &fact.Flow{Key: capture.Key{Proto: c.proto}, App: c.app, Signs: c.signs}
		r.say(f)
		if f.App != c.want || f.Place != c.place || f.ForMedia != c.media {
			t.Errorf("%s: %q at %q, media %v", c.why, f.App, f.Place, f.ForMedia)
		}
	}
}

// touch is a flow that tries a service: it opens, says little and is closed.
func touch(change func(*fact.Flow)) *fact.Flow {
	f := flowOf(9, capture.ProtoTCP, phone, "157.240.205.53:443", 1000, 1002)
	f.Sides[fact.Up].Payload, f.Sides[fact.Down].Payload = 700, 2000
	f.Label.Service, f.App, f.State = "whatsapp", "tls", "closed"
	if change != nil {
		change(f)
	}
	return f
}

func TestProbes(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*fact.Flow)
		want   bool
	}{
		{"little and short", nil, true},
		{"3 KB", func(f *fact.Flow) { f.Sides[fact.Down].Payload = 3072 - 700 }, true},
		{"a byte more", func(f *fact.Flow) { f.Sides[fact.Down].Payload = 3073 - 700 }, false},
		{"10 s", func(f *fact.Flow) { f.Last = f.Start + 10*second }, true},
		{"longer", func(f *fact.Flow) { f.Last = f.Start + 10*second + 1 }, false},
		{"nothing was said", func(f *fact.Flow) { f.Sides = [2]fact.Side{} }, false},
		{"an unknown service", func(f *fact.Flow) { f.Label.Service = "" }, false},
		{"a small request in the clear", func(f *fact.Flow) { f.App = "http" }, true},
		{"the service's own protocol", func(f *fact.Flow) { f.App, f.Signs = "", signs("wa-edge-noise", "") }, false},
		{"bytes of no protocol", func(f *fact.Flow) { f.App = "" }, true},
		{"a call", func(f *fact.Flow) { f.App = "rtp" }, false},
		{"a question", func(f *fact.Flow) { f.App, f.DNS = "dns", []fact.DNS{{QName: "g.whatsapp.net"}} }, false},
		{"one that lives", func(f *fact.Flow) { f.End = fact.StillOpen }, false},
		{"cut off by the end of the capture", func(f *fact.Flow) { f.End, f.State, f.Now = fact.EndOfCapture, "established", f.Last+second }, false},
		{"silent for long at the end of the capture", func(f *fact.Flow) { f.End, f.State = fact.EndOfCapture, "established" }, true},
		{"closed just before it", func(f *fact.Flow) { f.End, f.Now = fact.EndOfCapture, f.Last+second }, true},
		{"of which the beginning was not seen", func(f *fact.Flow) { f.Blind |= fact.BlindMidstream }, false},
		{"of which one side was not seen", func(f *fact.Flow) { f.Blind |= fact.BlindOneWay }, false},
		{"forgotten", func(f *fact.Flow) { f.Blind |= fact.BlindEvicted }, false},
	} {
		r := engine()
		for i, svc := range []string{"telegram", "whatsapp", "gosuslugi"} {
			r.seen.sessions.saw(answered(svc, svc, fact.FlowID(i+1), 1000, 1001))
		}
		if got := r.probe(touch(c.change)); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}

// TestProbesComeTogether: one service tried alone, or while others are in use,
// is no probe.
func TestProbesComeTogether(t *testing.T) {
	together := []*fact.Control{
		answered("telegram", "telegram", 1, 1000, 1001), answered("whatsapp", "meta", 9, 1000, 1001), answered("gosuslugi", "gosuslugi", 3, 1032, 1033),
	}
	later := answered("gosuslugi", "gosuslugi", 3, 1033, 1034)
	kin := answered("facebook", "meta", 3, 1000, 1001)
	inUse := []*fact.Control{
		answered("telegram", "telegram", 1, 900, 901), answered("telegram", "telegram", 1, 1001, 1001),
		answered("gosuslugi", "gosuslugi", 3, 900, 901), answered("gosuslugi", "gosuslugi", 3, 1001, 1001),
		answered("whatsapp", "meta", 9, 1000, 1001),
	}
	again := append(inUse[:len(inUse):len(inUse)], answered("telegram", "telegram", 11, 990, 991), answered("gosuslugi", "gosuslugi", 12, 995, 996))
	for _, c := range []struct {
		why  string
		seen []*fact.Control
		want bool
	}{
		{"alone", nil, false},
		{"three within 30 s", together, true},
		{"the third later", []*fact.Control{together[0], together[1], later}, false},
		{"two", together[:2], false},
		{"three of two owners", []*fact.Control{together[0], together[1], kin}, false},
		{"others in use for long", inUse, false},
		{"others in use, and tried as well", again, true},
	} {
		r := engine()
		for _, x := range c.seen {
			r.seen.sessions.saw(x)
		}
		if got := r.probe(touch(nil)); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}

// TestProbesAreControls: a probe shows that the path works, like any flow that
// was answered.
func TestProbesAreControls(t *testing.T) {
	r := engine()
	o := &track.Observations{}
	for i, name := range []string{"web.telegram.org", "mmg.whatsapp.net", "www.gosuslugi.ru"} {
		at := []string{"149.154.167.99", "157.240.205.53", "213.59.254.7"}[i]
		c := answered("", "", fact.FlowID(i+1), 1000, 1001)
		c.Name, c.Server, c.Port, c.Proto = name, ap(at+":443").Addr(), 443, capture.ProtoTCP
		o.Controls = append(o.Controls, track.Progress{Num: uint64(i + 1), Control: *c})
	}
	r.learn(o)
	if !r.probe(touch(nil)) {
		t.Fatal("no probe: the test tests nothing")
	}
	got := r.world.ControlsFor(fact.ControlQuery{From: 999 * second, Client: ap(phone).Addr(), NotOwner: "telegram"}, 10)
	if len(got) != 2 || got[0].Owner != "gosuslugi" || got[1].Owner != "meta" {
		t.Errorf("controls: %+v", got)
	}
}
