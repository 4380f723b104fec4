package scenes

import (
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// innocentRates are slow paths that nobody slowed.
func innocentRates() []*lab.Scenario {
	return []*lab.Scenario{
		lossyPath("loss-1pct", 0.01, 0), lossyPath("loss-2pct", 0.02, 0), lossyPath("loss-5pct", 0.05, 0), lossyPath("loss-in-bursts", 0.02, 4),
		queueCoDel(), queueRED(), queuePIE(), queueDropTail(), queueTiny(), queueTinyBBR(), queueBloated(),
		appPaced150k(), appPaced140k(), appPacedChunks(), appVideo(), slowServer(), longPoll(), longPollWaits(),
		receiverWindow(), senderBuffer(), farServer(), shortAndFar(),
		slowLine(), slowUplink(), competingDownload(), reordering(), oddReceiver(), ackFilter(), handover(), hiddenNeighbours(),
	}
}

// slowdowns are the accusations of somebody who slows a service.
var slowdowns = []finding.Kind{finding.RatePoliced, finding.RateShaped, finding.RateShift, finding.RateDifferential}

// nobody is the truth of a path that nobody slowed. atMost is how far a tool may be
// fooled, at each vantage, and why it should not be.
func nobody(what string, atMost finding.Verdict, why string) truth.Truth {
	return truth.Truth{
		What: "nothing; " + what, Where: "nowhere", Vantage: clientTap(), Services: allBut(""),
		Ceilings: []truth.Limit{{Kinds: slowdowns, AtMost: atMost, Why: why}},
	}
}

// alsoServer adds the server's recording to a truth: what looks like loss or rest there
// must not fool anybody either.
func alsoServer(t truth.Truth) truth.Truth {
	t.Vantage = rateTaps()
	for i := range t.Ceilings {
		t.Ceilings[i].Files = []string{"client.pcapng", "server.pcapng"}
	}
	return t
}

// innocent is a scenario of a transfer by Telegram that something harmless slows,
// with everybody else beside it.
func innocent(name, line string, lasts time.Duration, t truth.Truth, play func(*lab.World)) *lab.Scenario {
	return &lab.Scenario{Name: name, Cases: []string{line}, Lasts: lasts, Truth: t, Play: func(w *lab.World) {
		w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
		control(w, "telegram")
		play(w)
	}}
}

// farther moves one server away, by so much each way.
func farther(w *lab.World, server string, by time.Duration) {
	host := w.Addr(netip.MustParseAddr(server))
	for _, l := range w.Far {
		site := l.Site
		l.Site = func(a netip.Addr) (time.Duration, uint8) {
			d, hops := site(a)
			if a == host {
				d += by
			}
			return d, hops
		}
	}
}

// switchAt has the middlebox do something on its way, at a time since it began.
func switchAt(w *lab.World, at time.Duration, do func()) {
	planned := false
	w.Rule("clock", func(p *box.Packet) bool {
		if !planned {
			planned = true
			p.Box.After(at-p.Box.Elapsed(), do)
		}
		return false
	}, nil)
}
