package scenes

import (
	"fmt"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// lossyPath loses packets by chance, as wireless does: alone or, with burst, several
// at a time. Losses come at any rate of sending, those of a bucket only above its own.
func lossyPath(name string, share, burst float64) *lab.Scenario {
	t := alsoServer(nobody(fmt.Sprintf("the path loses %g %% of the packets at random, both ways", share*100), finding.Suspected,
		"random loss fits no token bucket"))
	for m := range t.Services {
		t.Services[m] = []string{"ok", "degraded"}
	}
	return innocent(name, "N1", 9*time.Second, t, func(w *lab.World) {
		for d := range w.Near {
			w.Near[d].Loss, w.Near[d].Burst = share, burst
		}
		w.Near[box.Down].Rate = 6 * mbit
		telegramMedia(w, 200*time.Millisecond, parts(6, 512<<10)...)
	})
}

// The bottleneck of the next ones is the home's line, 3 Mbit/s down, for everybody.
const lineRate = 3 * mbit

// bottleneck is a scenario in which all share the line and what waits before it.
func bottleneck(name, id string, queue int, aqm func() box.AQM, what string, play func(*lab.World)) *lab.Scenario {
	t := alsoServer(nobody("the home's line has 3 Mbit/s, and before it "+what, finding.Suspected, "a queue was there before the losses, for everybody"))
	return innocent(name, id, 10*time.Second, t, func(w *lab.World) {
		w.Near[box.Down].Rate, w.Near[box.Down].Queue = lineRate, queue
		if aqm != nil {
			w.Near[box.Down].AQM = aqm()
		}
		play(w)
	})
}

// fills plans a transfer that fills the line.
func fills(w *lab.World) { telegramMedia(w, 200*time.Millisecond, parts(8, 512<<10)...) }

// queueCoDel, queueRED and queuePIE drop before the queue is full: there is hardly a
// rise of the round-trip time.
func queueCoDel() *lab.Scenario {
	return bottleneck("queue-codel", "N2", 150_000, func() box.AQM { return &box.CoDel{} }, "CoDel (RFC 8289)", fills)
}

func queueRED() *lab.Scenario {
	return bottleneck("queue-red", "N2", 80_000, func() box.AQM { return &box.RED{Min: 8_000, Max: 40_000} }, "RED from 8 to 40 kB", fills)
}

func queuePIE() *lab.Scenario {
	return bottleneck("queue-pie", "N2", 150_000, func() box.AQM { return &box.PIE{} }, "PIE (RFC 8033)", fills)
}

// queueDropTail is a queue as long as the bandwidth-delay product, queueTiny one of
// five packets: that looks most like a bucket, but it holds no burst.
func queueDropTail() *lab.Scenario {
	return bottleneck("queue-drop-tail", "N3", 22_000, nil, "a queue of 22 kB, the bandwidth-delay product", fills)
}

func queueTiny() *lab.Scenario {
	return bottleneck("queue-8kb", "N4", 8_000, nil, "a queue of 8 kB", fills)
}

// queueBloated is a queue of a second: round-trip times grow twentyfold while a
// transfer fills it, and who waits for others sends again what was not lost.
func queueBloated() *lab.Scenario {
	return bottleneck("queue-one-second", "N3", 400_000, nil, "a queue of 400 kB, a second", func(w *lab.World) {
		fills(w)
		w.OthersWork(4*time.Second, "telegram")
		w.OthersWork(6*time.Second, "telegram")
	})
}

// queueTinyBBR is BBR in a queue of seven packets: it sends on at the line's rate and
// above, whatever is lost, and so loses as in a bucket.
func queueTinyBBR() *lab.Scenario {
	return bottleneck("queue-10kb-bbr", "N4", 10_000, nil, "a queue of 10 kB; servers use BBR", func(w *lab.World) {
		w.Sites.Congestion = "bbr"
		fills(w)
	})
}

// slowLine is a line of 1 Mbit/s with a long queue: the messenger is held to a flat
// rate behind a queue, and so is a control at another time.
func slowLine() *lab.Scenario {
	t := nobody("the home's line has 1 Mbit/s for everybody", finding.Suspected, "the control is as slow")
	return &lab.Scenario{Name: "slow-line", Cases: []string{"N9"}, Lasts: 12 * time.Second, Truth: t, Play: func(w *lab.World) {
		w.Keep = bulk
		w.Near[box.Down].Rate, w.Near[box.Down].Queue = 1*mbit, 60_000
		telegramMedia(w, 100*time.Millisecond, parts(1, 600_000)...)
		w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
		w.Open(6*time.Second, "www.wikipedia.org", lab.Web, talk.Download(600_000))
		w.Surf(200*time.Millisecond, 11*time.Second, 2500*time.Millisecond)
		w.OthersWork(1500*time.Millisecond, "telegram")
	}}
}

// slowUplink is a cheap line's way up, 1 Mbit/s with two seconds of queue: an upload
// to the messenger fills it, then one to somebody else.
func slowUplink() *lab.Scenario {
	t := alsoServer(nobody("the home's line has 1 Mbit/s up, with a queue of two seconds", finding.Suspected, "the control is as slow"))
	return innocent("slow-uplink", "N9", 12*time.Second, t, func(w *lab.World) {
		w.Near[box.Up].Rate, w.Near[box.Up].Queue = 1*mbit, 250_000
		telegramMedia(w, 200*time.Millisecond, sent(2, 300_000)...)
		w.Open(6500*time.Millisecond, "www.example.org", lab.Web, talk.Upload(500_000))
	})
}

// competingDownload is a transfer that falls to a fifth because the same host begins
// four others.
func competingDownload() *lab.Scenario {
	t := alsoServer(nobody("after four seconds four other transfers share the home's line of 4 Mbit/s", finding.Suspected, "other flows of the host began when it fell"))
	return innocent("competing-download", "N10", 11*time.Second, t, func(w *lab.World) {
		w.Near[box.Down].Rate, w.Near[box.Down].Queue = 4*mbit, 40_000
		telegramMedia(w, 200*time.Millisecond, parts(1, 8<<20)...)
		for _, name := range []string{"www.example.com", "www.python.org", "www.wikipedia.org", "www.example.org"} {
			w.Open(4*time.Second, name, lab.Web, talk.Download(6<<20))
		}
	})
}

// reordering is a path that has some packets overtaken by those of the next eight
// milliseconds: nothing is missing.
func reordering() *lab.Scenario {
	t := alsoServer(nobody("3 % of the packets on the way down come 8 ms late", finding.Unexplained, "nothing is lost"))
	return innocent("reordering-3pct", "N13", 8*time.Second, t, func(w *lab.World) {
		w.Near[box.Down].Rate = 6 * mbit
		w.Far[box.Down].Reorder, w.Far[box.Down].ReorderBy = 0.03, 8*time.Millisecond
		telegramMedia(w, 200*time.Millisecond, parts(6, 512<<10)...)
	})
}

// handover is a phone that changes cells: two seconds of nothing, then a path with
// 80 ms more and less than half the rate. It hits everybody.
func handover() *lab.Scenario {
	t := nobody("at four seconds a handover takes two, after it all paths are 80 ms longer and the line has 2 Mbit/s instead of 5", finding.Suspected,
		"the path changed for everybody at that moment")
	for m := range t.Services {
		t.Services[m] = []string{"ok", "degraded"}
	}
	t.Ceilings = append(t.Ceilings, truth.Limit{Kinds: []finding.Kind{finding.DropMidflow, finding.DropConnect, finding.DropHello}, AtMost: finding.Suspected,
		Why: "everybody was silent and came back"})
	return innocent("handover-rate-step", "N22", 11*time.Second, t, func(w *lab.World) {
		w.Near[box.Down].Rate, w.Near[box.Down].Queue = 5*mbit, 60_000
		telegramMedia(w, 200*time.Millisecond, parts(20, 256<<10)...)
		w.Open(1*time.Second, "www.wikipedia.org", lab.Web, parts(20, 128<<10)...)
		switchAt(w, 4*time.Second, func() {
			for _, l := range w.Near {
				l.Loss = 1
			}
		})
		switchAt(w, 6*time.Second, func() {
			for _, l := range w.Near {
				l.Loss, l.Delay = 0, 40*time.Millisecond
			}
			w.Near[box.Down].Rate = 2 * mbit
		})
	})
}
