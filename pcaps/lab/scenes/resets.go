package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/truth"
)

// resets are connections that a box ends in somebody's name.
func resets() []*lab.Scenario {
	return []*lab.Scenario{resetRace()}
}

// onePath is where the middlebox stands in every scenario that has one.
const onePath = "a box four hops from the client, beyond the home router"

// resetRace is the simplest of all: a box hears a hello to WhatsApp and answers it
// in the server's name before the server can.
func resetRace() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race", Cases: []string{"F2"}, Lasts: 6 * time.Second,
		Truth: truth.Truth{
			What: "a hello for WhatsApp draws one RST,ACK toward the client; the hello itself reaches the server", Where: onePath,
			Vantage:  map[string]string{"client.pcapng": "host", "server.pcapng": "server"},
			Services: map[string][]string{"whatsapp": {"blocked"}, "telegram": {"ok"}, "signal": {"ok"}, "max": {"ok"}},
			Finds:    []truth.Must{{Kinds: []finding.Kind{finding.ResetInjected}, Service: "whatsapp", AtLeast: finding.Confirmed}},
		},
		Play: func(w *lab.World) {
			w.Rule("reset after hello", policy.All(policy.SNI(".whatsapp.com", ".whatsapp.net"), policy.Hello), policy.Race(300*time.Microsecond))
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
