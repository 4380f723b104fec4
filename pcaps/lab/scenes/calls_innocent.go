package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// callsInnocent are calls that nobody touches.
func callsInnocent() []*lab.Scenario {
	return []*lab.Scenario{
		callsOrdinary(), callDiscord(), callVideoOrdinary(), callNobodyHome(), callQuiet(), callCameraOff(), callPruning(),
		callWiFi(), callUplinkBusy(), callShort(), callFailOver(),
	}
}

// callKinds are what findings about calls are made of.
var callKinds = []finding.Kind{finding.DropCall, finding.CallDegraded, finding.RatePoliced, finding.RateShift, finding.RateDifferential}

// fineCall is the truth of calls that nobody touches.
func fineCall(what, why string, atMost finding.Verdict) truth.Truth {
	return truth.Truth{What: what, Where: "nowhere", Vantage: clientTap(), Services: allBut(""),
		Ceilings: []truth.Limit{{Kinds: callKinds, AtMost: atMost, Why: why}}}
}

// callAlone is a scenario of everybody and one call, changed by more.
func callAlone(name, line string, t truth.Truth, addr string, port uint16, c call.Call, more func(*lab.World)) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{line}, Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			everybody(w)
			w.Keep = bulk
			w.Call(400*time.Millisecond, addr, port, c)
			if more != nil {
				more(w)
			}
		},
	}
}

// callsOrdinary is a call of each messenger, one after the other, as the captures of
// nDPI have them: with candidates that never answer.
func callsOrdinary() *lab.Scenario {
	return &lab.Scenario{
		Name: "call-ordinary", Cases: []string{"N16"}, Lasts: 11 * time.Second,
		Truth: fineCall("voice calls by WhatsApp, Telegram, Signal and MAX work; candidates that cannot be reached never answer", "all is well", finding.Inconclusive),
		Play: func(w *lab.World) {
			everybody(w)
			c := call.Call{For: 4 * time.Second, Up: call.Voice, Down: call.Voice}
			for i, of := range []struct {
				kind call.Kind
				addr string
				port uint16
			}{{call.WhatsApp, site.WARelay, 3478}, {call.Reflector, site.TGReflector, 599}, {call.TURN, site.SignalRelay, 3478}, {call.TURN, site.VKRelay, 19302}} {
				c.Kind = of.kind
				w.Call(time.Duration(300+2000*i)*time.Millisecond, of.addr, of.port, c)
			}
			silent := ports([]string{"10.46.103.200", "1.194.90.191", "192.168.0.17"}, 41234)
			for _, p := range silent {
				w.SetDead(p.Addr(), true)
			}
			probe(w, 700*time.Millisecond, 9*time.Second, call.Probe{To: silent, Check: true, Requests: 14, RTO: 500 * time.Millisecond})
		},
	}
}

// callDiscord joins a voice channel: a protocol that only simulated hosts speak.
func callDiscord() *lab.Scenario {
	t := fineCall("a voice channel of Discord is joined and left, everything works", "all is well", finding.Inconclusive)
	t.Services = map[string][]string{"discord": {"ok"}, "telegram": {"ok"}, "max": {"ok"}}
	return &lab.Scenario{
		Name: "call-discord", Cases: []string{"N16"}, Lasts: 40 * time.Second, Truth: t,
		Script: func(w *script.World) {
			w.Open(time.Second, "gateway.discord.gg", script.Visit{Turns: script.Chats, Stay: true})
			w.Open(4*time.Second, "rotterdam4271.discord.media", script.Visit{Turns: script.Chats, Stay: true})
			w.At(6*time.Second, w.DiscordCall)
			w.TelegramWorks(2 * time.Second)
			w.MaxWorks(3 * time.Second)
			w.Surf(0, 30*time.Second, 6*time.Second)
		},
	}
}

// callVideoOrdinary is a video call that has all the room it wants.
func callVideoOrdinary() *lab.Scenario {
	return callAlone("call-video-ordinary", "N16", fineCall("a video call by WhatsApp at 1 Mbit/s each way", "all is well", finding.Inconclusive),
		site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 9 * time.Second, Up: call.VideoCall, Down: call.VideoCall}, nil)
}

// callNobodyHome: the relay answers, nobody takes the call.
func callNobodyHome() *lab.Scenario {
	t := fineCall("the relay answers and is pinged, the callee does not take the call: no media ever", "nobody sends what could be lost", finding.Inconclusive)
	return callAlone("call-callee-away", "N17", t, site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 9500 * time.Millisecond, Up: call.Voice, Down: call.Voice, Away: true}, nil)
}

// callQuiet: the callee is muted for most of the call, and sends comfort noise.
func callQuiet() *lab.Scenario {
	down := call.Media{Audio: true, Muted: call.Span{From: 2 * time.Second, To: 8500 * time.Millisecond}}
	return callAlone("call-silence", "N18", fineCall("the callee says nothing for six seconds: DTX, one packet in 400 ms", "silence is not loss", finding.Inconclusive),
		site.SignalRelay, 3478, call.Call{Kind: call.TURN, For: 10 * time.Second, Up: call.Voice, Down: down}, nil)
}

// callCameraOff: video ends, audio goes on.
func callCameraOff() *lab.Scenario {
	down := call.Media{Audio: true, Video: 800_000, CameraOff: 4 * time.Second}
	return callAlone("call-camera-off", "N19", fineCall("the callee turns the camera off after four seconds, voice goes on", "the rate falls because less is sent", finding.Inconclusive),
		site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 10 * time.Second, Up: call.VideoCall, Down: down}, nil)
}

// callPruning: of twenty pairs of candidates none answers but the one that is
// nominated, as ICE means it.
func callPruning() *lab.Scenario {
	t := fineCall("twenty candidate pairs are silent, the nominated one carries the call", "ICE tries what cannot be reached", finding.Inconclusive)
	return callAlone("call-ice-pruning", "B31", t, site.CalleeHome, 50012, call.Call{Kind: call.Direct, For: 9 * time.Second, Up: call.Voice, Down: call.Voice}, func(w *lab.World) {
		nets := []string{"10.46.103.", "192.168.43.", "100.71.3.", "1.194.90."}
		var to []string
		for i := range 20 {
			a := nets[i%len(nets)] + string(rune('2'+i/len(nets)))
			to = append(to, a)
		}
		for _, p := range ports(to, 40001) {
			w.SetDead(p.Addr(), true)
		}
		probe(w, 450*time.Millisecond, 9*time.Second, call.Probe{To: ports(to, 40001), Check: true, Requests: 10})
	})
}

// callWiFi: everything on the air loses 4 %, the call with it.
func callWiFi() *lab.Scenario {
	t := fineCall("a call on bad Wi-Fi: 4 % of everything is lost, in runs of three", "everything loses alike: the path, not the call", finding.Suspected)
	for s := range t.Services {
		t.Services[s] = []string{"ok", "inconclusive", "failing"}
	}
	return callAlone("call-lossy-wifi", "C4", t, site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 10 * time.Second, Up: call.Voice, Down: call.Voice}, func(w *lab.World) {
		for _, p := range w.Near {
			p.Loss, p.Burst = 0.04, 3
		}
		w.Open(2*time.Second, "www.example.com", lab.Web, talk.Download(600_000))
	})
}

// callUplinkBusy: an upload fills the home's own queue, and the call waits behind it.
func callUplinkBusy() *lab.Scenario {
	t := fineCall("an upload fills the uplink's own queue for six seconds: the call has jitter and no loss", "the user's own upload", finding.Suspected)
	return callAlone("call-busy-uplink", "C6", t, site.TGReflector, 599, call.Call{Kind: call.Reflector, For: 10 * time.Second, Up: call.Voice, Down: call.Voice}, func(w *lab.World) {
		w.Near[box.Up].Rate, w.Near[box.Up].Queue = 3*mbit, 90_000
		w.Open(3*time.Second, "www.example.org", lab.Web, talk.Upload(2_000_000))
	})
}

// callShort ends because somebody hangs up, twice.
func callShort() *lab.Scenario {
	t := fineCall("two calls are ended by the caller after three seconds each", "both sides stop", finding.Inconclusive)
	c := call.Call{Kind: call.WhatsApp, For: 3 * time.Second, Up: call.Voice, Down: call.Voice}
	return callAlone("call-hung-up", "C3", t, site.WARelay, 3478, c, func(w *lab.World) {
		w.Call(5*time.Second, site.WARelay, 3478, c)
	})
}

// callFailOver: one of three relays is down, the call goes through another.
func callFailOver() *lab.Scenario {
	t := fineCall("one of WhatsApp's three relays is switched off, the call goes through the second", "one dead relay is no block", finding.Inconclusive)
	return callAlone("call-relay-down", "C1", t, waRelays[1], 3478, call.Call{Kind: call.WhatsApp, For: 9 * time.Second, Up: call.Voice, Down: call.Voice}, func(w *lab.World) {
		w.SetDead(ports(waRelays, 1)[0].Addr(), true)
		for _, a := range []string{waRelays[0], waRelays[2]} {
			w.Call(350*time.Millisecond, a, 3478, call.Call{Kind: call.WhatsApp, For: 3500 * time.Millisecond, Away: true})
		}
	})
}
