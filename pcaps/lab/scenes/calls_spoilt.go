package scenes

import (
	"math/rand/v2"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// callsSpoilt are calls that go on, badly.
func callsSpoilt() []*lab.Scenario {
	return []*lab.Scenario{callBursts(), callClamp(), callGaps()}
}

// runs picks runs of mean packets, one in each block of so many: unlike chance the
// share is the same in every run of the scenario.
func runs(block, length int) box.Match {
	n, from := 0, 0
	var dice *rand.Rand
	return func(p *box.Packet) bool {
		if dice == nil {
			dice = rand.New(rand.NewPCG(p.Box.Rand.Uint64(), 0))
		}
		if n%block == 0 {
			from = dice.IntN(block - length + 1)
		}
		at := n % block
		n++
		return at >= from && at < from+length
	}
}

// callBursts drops eight in a hundred of a WhatsApp call's media, always five in a
// row, and nothing else: the sequence numbers show it.
func callBursts() *lab.Scenario {
	t := broken("whatsapp", "8 % of a call's RTP toward the client is dropped, five packets in a row each time; nothing else loses", finding.Likely, finding.CallDegraded)
	t.Finds[0].Loss = 5. / 62
	t.Finds[0].BurstRatio = 5 * (1 - t.Finds[0].Loss)
	return &lab.Scenario{
		Name: "call-burst-loss", Cases: []string{"C4"}, Lasts: 12 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			media := policy.All(policy.RTP, policy.To(site.WARelay), policy.Dir(box.Down))
			five := runs(62, 5)
			w.Rule("drop media in bursts", func(p *box.Packet) bool { return media(p) && five(p) }, policy.Drop{})
			everybody(w)
			w.Call(300*time.Millisecond, site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 11200 * time.Millisecond, Up: call.Voice, Down: call.Voice})
		},
	}
}

// callClamp polices a video call to what leaves no picture, from its fourth second.
func callClamp() *lab.Scenario {
	t := broken("signal", "after four seconds a policer holds what comes of a video call to 150 kbit/s; everything else is free", finding.Likely, finding.CallDegraded, finding.RatePoliced)
	t.Finds[0].RateBPS, t.Finds[0].Burst = 150_000, 8000
	t.Services = allBut("signal", "throttled", "degraded")
	return &lab.Scenario{
		Name: "call-video-clamp", Cases: []string{"C5"}, Lasts: 12 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("police call", policy.All(policy.UDP, policy.To(site.SignalRelay), policy.Dir(box.Down), policy.After(4*time.Second)),
				&policy.Police{Rate: 150_000, Burst: 8000})
			everybody(w)
			w.Keep = bulk
			w.Call(300*time.Millisecond, site.SignalRelay, 3478, call.Call{Kind: call.TURN, For: 11200 * time.Millisecond,
				Up: call.Media{Audio: true, Video: 300_000}, Down: call.Media{Audio: true, Video: 600_000}})
		},
	}
}

// callGaps drops a quarter of a second of a Telegram call every 1.1 s: no number in
// the media tells, only that nothing comes.
func callGaps() *lab.Scenario {
	return &lab.Scenario{
		Name: "call-opaque-gaps", Cases: []string{"C6"}, Lasts: 12 * time.Second,
		Truth: broken("telegram", "media of a reflector toward the client are dropped for 240 ms every 1.1 s", finding.Suspected, finding.CallDegraded),
		Play: func(w *lab.World) {
			const every, hole = 1100 * time.Millisecond, 240 * time.Millisecond
			now := func(p *box.Packet) bool { return p.Box.Elapsed()%every < hole && p.Box.Elapsed() > 2*every }
			w.Rule("holes in media", policy.All(policy.UDP, policy.To(site.TGReflector), policy.Dir(box.Down), now), policy.Drop{})
			everybody(w)
			w.Call(300*time.Millisecond, site.TGReflector, 599, call.Call{Kind: call.Reflector, For: 11200 * time.Millisecond, Up: call.Voice, Down: call.Voice})
		},
	}
}
