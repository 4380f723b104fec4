package scenes

import (
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// resets are connections that a box ends in somebody's name.
func resets() []*lab.Scenario {
	return slices.Concat([]*lab.Scenario{resetRace()}, resetRaces(), resetTrains(), resetRewrites(), resetMidflow(), resetPages())
}

// onePath is where the middlebox stands in every scenario that has one.
const onePath = "a box four hops from the client, beyond the home router"

// Where a name or a stranger's name is asked for at the addresses of a service.
var (
	telegramAddrs = []string{site.TGChat, site.TGMedia, site.TGWeb}
	telegramNames = []string{".telegram.org", ".t.me"}
	signalNames   = []string{".signal.org"}
)

// ended is the truth of a service whose connections are ended by somebody else, as
// the client's recording must show at a verdict.
func ended(service string, least finding.Verdict, what string) truth.Truth {
	return truth.Truth{
		What: what, Where: onePath, Vantage: clientTap(), Services: allBut(service, "blocked"),
		Finds: []truth.Must{{Kinds: []finding.Kind{finding.ResetInjected}, Service: service, AtLeast: least}},
	}
}

// notAll is the truth where part of the service works all the same.
func notAll(service string, t truth.Truth, more ...string) truth.Truth {
	t.Services = allBut(service, append([]string{"blocked", "degraded"}, more...)...)
	return t
}

// onBothTaps also records what the server sees.
func onBothTaps(t truth.Truth) truth.Truth {
	t.Vantage = bothTaps()
	return t
}

// helloTo is the packet that makes a hello with one of the names whole.
func helloTo(names ...string) box.Match { return policy.All(policy.SNI(names...), policy.Hello) }

// persists opens names one after the other, three times: people and apps try again.
func persists(w *lab.World, s talk.TLS, names ...string) {
	for i := range 3 {
		for k, n := range names {
			w.Open(300*time.Millisecond+time.Duration(i)*1500*time.Millisecond+time.Duration(k)*500*time.Millisecond, n, s, talk.Page()...)
		}
	}
}

// lively is what a service under attack is compared with: everybody else.
func lively(w *lab.World, but ...string) {
	w.OthersWork(400*time.Millisecond, but...)
	w.Surf(0, 5*time.Second, 1200*time.Millisecond)
}

// resetRace is the simplest of all: a box hears a hello to WhatsApp and answers it
// in the server's name before the server can.
func resetRace() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race", Cases: []string{"F2"}, Lasts: 6 * time.Second,
		Truth: onBothTaps(ended("whatsapp", finding.Confirmed,
			"a hello for WhatsApp draws one RST,ACK toward the client; the hello itself reaches the server")),
		Play: func(w *lab.World) {
			w.Rule("reset after hello", helloTo(".whatsapp.com", ".whatsapp.net"), policy.Race(300*time.Microsecond))
			for i := range 3 {
				at := time.Duration(i) * 1500 * time.Millisecond
				w.Open(at+300*time.Millisecond, "web.whatsapp.com", lab.Web)
				w.Open(at+900*time.Millisecond, "mmg.whatsapp.net", lab.Web)
			}
			w.OthersWork(400*time.Millisecond, "whatsapp")
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}
