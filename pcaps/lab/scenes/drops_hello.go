package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// droppedHellos are names that a box does not let pass.
func droppedHellos() []*lab.Scenario {
	return []*lab.Scenario{helloDropped(), helloDroppedV6(), helloDroppedOneName(), helloDroppedLong(), helloTail(), helloMuted(), muteServer()}
}

// classical is a browser's hello that fits into one segment.
var classical = talk.TLS{ALPN: lab.Web.ALPN, Classical: true}

// whatsAppNames are those that the app and the browser use.
var whatsAppNames = []string{".whatsapp.com", ".whatsapp.net"}

// unanswered plans two visits to WhatsApp by a client that waits for 9 s, and
// another name at the very same addresses, which is well.
func unanswered(w *lab.World, s talk.TLS) {
	w.Talk.Timeout = 9 * time.Second
	w.Open(200*time.Millisecond, "web.whatsapp.com", s, browsed()...)
	w.Open(700*time.Millisecond, "mmg.whatsapp.net", s, browsed()...)
	other := classical
	other.SNI = "www.instagram.com"
	tries(3, 500*time.Millisecond, 2500*time.Millisecond, func(at time.Duration) {
		w.OpenAt(at, site.WAWeb, 443, other, browsed()...)
		w.OpenAt(at+300*time.Millisecond, site.WAMedia, 443, other, browsed()...)
	})
	w.OthersWork(400*time.Millisecond, "whatsapp")
	w.Surf(0, 9*time.Second, 2*time.Second)
}

// helloDropped is what the TSPU does to names of its fourth list: the hello and all
// that follows on the connection, in both directions, is swallowed. Look at the
// hello's retransmissions, and at the other name on the same address.
func helloDropped() *lab.Scenario {
	return &lab.Scenario{
		Name: "hello-dropped", Cases: []string{"F12"}, Lasts: 10500 * time.Millisecond,
		Truth: swallowed("whatsapp", finding.DropHello, finding.Likely, "hellos with names of WhatsApp are swallowed, and all that follows; other names on the same addresses pass", "blocked"),
		Play: func(w *lab.World) {
			w.Rule("hello dropped", policy.Sticky(policy.All(policy.SNI(whatsAppNames...), policy.Hello)), policy.Drop{})
			unanswered(w, classical)
		},
	}
}

// helloDroppedV6 is the same in IPv6.
func helloDroppedV6() *lab.Scenario {
	s := helloDropped()
	s.Name, s.Cases = "hello-dropped-v6", []string{"F25"}
	play := s.Play
	s.Play = func(w *lab.World) {
		w.V6 = true
		play(w)
	}
	return s
}

// helloDroppedOneName has one name and no other on its address: a server that has
// died since it accepted would look the same.
func helloDroppedOneName() *lab.Scenario {
	t := swallowed("signal", finding.DropHello, finding.Suspected, "hellos for chat.signal.org are swallowed, and all that follows", "blocked", "degraded", "failing")
	return &lab.Scenario{
		Name: "hello-dropped-one-name", Cases: []string{"F12"}, Lasts: 9 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 6 * time.Second
			w.Rule("hello dropped", policy.Sticky(policy.All(policy.SNI("chat.signal.org"), policy.Hello)), policy.Drop{})
			s := lab.Native
			s.Classical = true
			tries(3, 300*time.Millisecond, 900*time.Millisecond, func(at time.Duration) { w.Open(at, "chat.signal.org", s) })
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 8*time.Second, 2*time.Second)
		},
	}
}

// helloDroppedLong is the whole series of retransmissions, up to 10 s apart, of
// clients that wait for half a minute.
func helloDroppedLong() *lab.Scenario {
	return &lab.Scenario{
		Name: "hello-dropped-long", Cases: []string{"F12"}, Lasts: 75 * time.Second,
		Truth: swallowed("whatsapp", finding.DropHello, finding.Likely, "hellos with names of WhatsApp are swallowed, and all that follows; another name on the same address passes", "blocked"),
		Script: func(w *script.World) {
			w.Rule("hello dropped", policy.Sticky(policy.All(policy.SNI(whatsAppNames...), policy.Hello)), policy.Drop{})
			visit := script.Visit{Turns: script.Page, GiveUp: 30 * time.Second}
			w.Open(2*time.Second, "web.whatsapp.com", visit)
			w.Open(6*time.Second, "mmg.whatsapp.net", visit)
			w.Open(35*time.Second, "web.whatsapp.com", visit)
			tries(4, 4*time.Second, 13*time.Second, func(at time.Duration) {
				w.OpenAt(at, site.WAWeb, "www.instagram.com", script.Visit{Turns: script.Page})
			})
			for _, work := range []func(time.Duration){w.TelegramWorks, w.MaxWorks, w.SignalWorks} {
				tries(3, 3*time.Second, 20*time.Second, work)
			}
			w.Surf(time.Second, 70*time.Second, 9*time.Second)
		},
	}
}

// helloTail swallows only what the client sends from the segment on that completes
// the hello: a post-quantum hello needs two, and the server acknowledges the first.
func helloTail() *lab.Scenario {
	return &lab.Scenario{
		Name: "hello-tail-swallowed", Cases: []string{"F12"}, Lasts: 10500 * time.Millisecond,
		Truth: swallowed("whatsapp", finding.DropHello, finding.Likely, "the second segment of hellos with names of WhatsApp is swallowed, and all that the client sends after it; the first is acknowledged", "blocked"),
		Play: func(w *lab.World) {
			w.Rule("tail dropped", policy.All(policy.Dir(box.Up), policy.Sticky(policy.All(policy.SNI(whatsAppNames...), policy.Hello))), policy.Drop{})
			unanswered(w, lab.Web)
		},
	}
}

// helloMuted is what the TSPU does to names of its second list: after the hello a
// few packets pass, then none in either direction. Both sides send again what the
// other does not acknowledge.
func helloMuted() *lab.Scenario {
	t := swallowed("whatsapp", finding.DropHello, finding.Likely, "six packets pass from hellos with names of WhatsApp on, then none in either direction", "blocked")
	t.Finds[0].Kinds = append(t.Finds[0].Kinds, finding.DropMidflow) // what passes may be a piece of the server's answer
	t.Vantage = bothTaps()
	return &lab.Scenario{
		Name: "hello-muted", Cases: []string{"F13"}, Lasts: 10500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("muted after hello", policy.Sticky(policy.All(policy.SNI(whatsAppNames...), policy.Hello)), &policy.DropAfter{Packets: 6})
			unanswered(w, classical)
		},
	}
}

// muteServer lets the hello and its acknowledgement pass, and swallows what the
// server says: the hello is acknowledged and nothing follows, and what the client
// says then, and its FIN, are not acknowledged.
func muteServer() *lab.Scenario {
	t := swallowed("signal", finding.DropHello, finding.Suspected, "servers of Signal acknowledge the hello, and are not heard again", "blocked", "failing")
	t.Vantage = bothTaps()
	t.Ceilings = []truth.Limit{{Kinds: []finding.Kind{finding.ResetInjected}, AtMost: finding.Unexplained, Why: "nobody forged anything"}}
	return &lab.Scenario{
		Name: "hello-acked-then-silence", Cases: []string{"F13"}, Lasts: 10500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 4 * time.Second // the client's FIN is in the recording too
			hello := policy.Sticky(policy.All(policy.SNI(".signal.org"), policy.Hello))
			w.Rule("server unheard", policy.All(policy.Dir(box.Down), hello), &policy.DropAfter{Packets: 1})
			for i, name := range []string{"chat.signal.org", "grpc.chat.signal.org", "cdn2.signal.org"} {
				w.Open(time.Duration(300+400*i)*time.Millisecond, name, classical)
			}
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}
