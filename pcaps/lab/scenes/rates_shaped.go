package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// shapedAfterBurst is a shaper with an allowance, as ShaperProbe found them: the
// first half megabyte comes as fast as the line takes it, the rest at 1 Mbit/s
// through a queue of a second.
func shapedAfterBurst() *lab.Scenario {
	return &lab.Scenario{
		Name: "shaped-after-burst", Cases: []string{"S1"}, Lasts: 12 * time.Second,
		Truth: held("telegram", finding.RateShaped, 1*mbit, 0,
			"what comes from "+site.TGMedia+" passes a queue of 125 kB that drains at 1 Mbit/s, after 1.2 MB without waiting"),
		Play: func(w *lab.World) {
			w.Near[box.Down].Rate, w.Near[box.Down].Queue = 8*mbit, 80_000
			w.Rule("shape media", policy.All(policy.To(site.TGMedia), policy.Dir(box.Down)), &policy.Shape{Rate: 1 * mbit, Queue: 125_000, Burst: 1_200_000})
			telegramMedia(w, 200*time.Millisecond, parts(1, 8<<20)...)
			w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
			afterwards(w, "telegram", 4*time.Second)
		},
	}
}

// shapedMidFlow is a shaper that is switched on in the middle of a transfer: what
// follows is slower than what came before, and nobody else began.
func shapedMidFlow() *lab.Scenario {
	return &lab.Scenario{
		Name: "shaped-mid-flow", Cases: []string{"S1"}, Lasts: 12 * time.Second,
		Truth: held("whatsapp", finding.RateShaped, 1*mbit, 0,
			"from the third second on what comes from WhatsApp's media passes a queue of 100 kB that drains at 1 Mbit/s"),
		Play: func(w *lab.World) {
			w.Near[box.Down].Rate, w.Near[box.Down].Queue = 5*mbit, 60_000
			w.Rule("shape media", policy.All(policy.SNI("mmg.whatsapp.net"), policy.Dir(box.Down), policy.After(3*time.Second)),
				&policy.Shape{Rate: 1 * mbit, Queue: 100_000})
			w.Open(100*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Download(8<<20))
			w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
			afterwards(w, "whatsapp", 6*time.Second)
		},
	}
}

// afterwards plans the controls of a transfer that shows a level shift: none of them
// begins when it falls.
func afterwards(w *lab.World, but string, at time.Duration) {
	w.Keep = bulk
	w.OthersWork(at, but)
	w.Surf(at, at+4*time.Second, 1300*time.Millisecond)
	w.Open(at+2*time.Second, "www.example.com", lab.Web, talk.Download(600_000))
}

// shapedMessenger is a shaper of one messenger without an allowance. Alone it looks
// like a slow line; that a control has most of that same line at the same time tells
// them apart.
func shapedMessenger() *lab.Scenario {
	t := held("whatsapp", finding.RateShaped, 1*mbit, 0,
		"what comes from WhatsApp's media passes a queue of 80 kB that drains at 1 Mbit/s, from the beginning; the line has six")
	t.Finds[0].Kinds = []finding.Kind{finding.RateShaped, finding.RateDifferential}
	t.Vantage, t.Finds[0].Files, t.May[0].Files = clientTap(), nil, nil // the server does not see the line
	return &lab.Scenario{
		Name: "shaped-messenger-only", Cases: []string{"S2"}, Lasts: 12 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Keep = bulk
			w.Near[box.Down].Rate, w.Near[box.Down].Queue, w.Near[box.Down].AQM = 6*mbit, 200_000, &box.CoDel{}
			w.Rule("shape media", policy.All(policy.SNI("mmg.whatsapp.net"), policy.Dir(box.Down)), &policy.Shape{Rate: 1 * mbit, Queue: 80_000})
			for i := range 2 {
				at := 200*time.Millisecond + time.Duration(i)*200*time.Millisecond
				w.Open(at, "mmg.whatsapp.net", lab.Web, talk.Download(4<<20))
				w.Open(at+100*time.Millisecond, "www.wikipedia.org", lab.Web, talk.Download(12<<20))
			}
			w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
			w.OthersWork(2*time.Second, "whatsapp")
		},
	}
}
