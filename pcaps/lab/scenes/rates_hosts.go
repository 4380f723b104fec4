package scenes

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// exactly is an answer of which the server has one full segment at a time: rate is bits/s
// of IP bytes. What MTProto and TCP add to the piece makes 1,488 bytes of IP.
func exactly(rate float64, lasts time.Duration) talk.Turn {
	const piece, ip = 1388, 1488
	every := time.Duration(ip * 8 / rate * 1e9)
	return talk.Turn{Ask: 350, Answer: piece * int(lasts/every), Pace: talk.Pace{Piece: piece, Every: every}}
}

// paced is a live stream of Telegram's that has exactly the rate a policer is known
// for. Nothing is lost and nothing waits: the application has no more to say.
func paced(name string, rate float64) *lab.Scenario {
	t := alsoServer(nobody("the application on "+site.TGMedia+" has so much to say and no more", finding.Unexplained, "nothing is lost, and the sender is idle between pieces"))
	return innocent(name, "N6", 10*time.Second, t, func(w *lab.World) {
		w.OpenAt(200*time.Millisecond, site.TGMedia, 443, talk.MTProto{Transport: talk.Abridged, DC: -2}, talk.Download(30_000), exactly(rate, 9*time.Second))
		w.OpenAt(700*time.Millisecond, site.TGMedia, 443, talk.MTProto{Transport: talk.Abridged, DC: -2}, exactly(rate, 8*time.Second))
	})
}

// appPaced150k and appPaced140k are the rates of the throttling of 2021.
func appPaced150k() *lab.Scenario { return paced("app-paced-150k", 150e3) }

func appPaced140k() *lab.Scenario { return paced("app-paced-140k", 140e3) }

// appPacedChunks is 16 kB at a time, as much as that policer's bucket holds, and
// again 140 kbit/s.
func appPacedChunks() *lab.Scenario {
	t := alsoServer(nobody("the application on "+site.TGMedia+" says 16 kB whenever 930 ms have passed", finding.Unexplained, "nothing is lost, and the sender is idle between pieces"))
	return innocent("app-paced-chunks", "N6", 10*time.Second, t, func(w *lab.World) {
		telegramMedia(w, 200*time.Millisecond, talk.Turn{Ask: 350, Answer: 160_000, Pace: talk.Pace{Piece: 16_000, Every: 930 * time.Millisecond}})
	})
}

// appVideo is a film of adaptive quality: on and off, and better when there is room.
func appVideo() *lab.Scenario {
	t := nobody("a player asks for a chunk of film whenever it has played one", finding.Unexplained, "the player rests between chunks")
	t.Services["discord"] = []string{"ok"}
	return innocent("app-video", "N7", 11*time.Second, t, func(w *lab.World) {
		w.Open(200*time.Millisecond, "cdn.discordapp.com", lab.Web, talk.Video(12, time.Second, 600_000, 1_400_000, 2_400_000)...)
		w.OpenAt(300*time.Millisecond, site.TGMedia, 443, talk.MTProto{DC: -2}, talk.Video(12, time.Second, 500_000, 900_000)...)
	})
}

// slowServer is a server that reads from a slow disk, and thinks.
func slowServer() *lab.Scenario {
	t := alsoServer(nobody("the server of Telegram's media is slow", finding.Unexplained, "the path is empty while the server is busy"))
	return innocent("slow-server", "N8", 10*time.Second, t, func(w *lab.World) {
		slow := talk.Turn{Ask: 350, Think: 300 * time.Millisecond, Answer: 120_000, Pace: talk.Pace{Piece: 4096, Every: 40 * time.Millisecond}}
		telegramMedia(w, 200*time.Millisecond, slow, slow, slow, slow, slow, slow)
	})
}

// longPoll is a web client that got 16 kB and then has nothing to ask for eight
// seconds: as many bytes as a known freeze lets pass, but nothing is owed.
func longPoll() *lab.Scenario {
	return polls("long-poll-idle", talk.Turn{Wait: 8 * time.Second, Ask: 300, Answer: 900})
}

// longPollWaits has asked, and the server answers when there is news.
func longPollWaits() *lab.Scenario {
	return polls("long-poll-waits", talk.Turn{Ask: 300, Think: 8 * time.Second, Answer: 900})
}

func polls(name string, then talk.Turn) *lab.Scenario {
	t := nobody("web clients of Telegram get 16 kB and then wait for news for eight seconds", finding.Unexplained, "nothing is lost")
	t.Ceilings = append(t.Ceilings, truth.Limit{Kinds: []finding.Kind{finding.DropMidflow}, AtMost: finding.Unexplained, Why: "a server without news is silent; it answers later"})
	return innocent(name, "N14", 11*time.Second, t, func(w *lab.World) {
		for i := range 3 {
			w.Open(time.Duration(200+300*i)*time.Millisecond, "web.telegram.org", lab.Web, talk.Turn{Ask: 400, Answer: 14_000 + 800*i}, then)
		}
	})
}

// receiverWindow is a client whose buffer is 64 kB, at 100 ms: a window for each
// round trip, flat and without loss.
func receiverWindow() *lab.Scenario {
	t := alsoServer(nobody("the client's buffer is 64 kB, and "+site.TGMedia+" is 100 ms away", finding.Unexplained, "the receiver's window is full all the time"))
	return innocent("receiver-window", "N5", 7*time.Second, t, func(w *lab.World) {
		farther(w, site.TGMedia, 21*time.Millisecond)
		c := w.Talk
		c.RecvBuffer = 32 << 10 // the kernel doubles it
		w.At(200*time.Millisecond, func(ctx context.Context) {
			w.Note("media", c.Open(ctx, netip.MustParseAddrPort(site.TGMedia+":443"), talk.MTProto{DC: -2}, parts(3, 800_000)...))
		})
	})
}

// senderBuffer is servers with small buffers: what a server has not been told of as
// arrived it must keep, and there is no room for more.
func senderBuffer() *lab.Scenario {
	t := alsoServer(nobody("the servers' buffers are small, and "+site.TGMedia+" is 180 ms away", finding.Unexplained, "outstanding bytes are flat, and nothing waits or is lost"))
	return innocent("sender-buffer", "N5", 8*time.Second, t, func(w *lab.World) {
		farther(w, site.TGMedia, 60*time.Millisecond)
		w.Sites.SendBuffer = 4 << 10
		telegramMedia(w, 200*time.Millisecond, parts(8, 256<<10)...)
	})
}

// farServer is 300 ms away: a slow start of seconds, and slower than all others.
func farServer() *lab.Scenario {
	t := alsoServer(nobody(site.TGMedia+" is 300 ms away", finding.Unexplained, "the rate follows from the distance"))
	return innocent("far-server", "N11", 9*time.Second, t, func(w *lab.World) {
		farther(w, site.TGMedia, 121*time.Millisecond)
		w.Near[box.Down].Queue = 2_000_000 // slow start outruns the line, but nothing is lost
		telegramMedia(w, 200*time.Millisecond, parts(3, 512<<10)...)
	})
}

// shortAndFar is files so small, from so far away, that no transfer leaves slow start.
func shortAndFar() *lab.Scenario {
	t := alsoServer(nobody("WhatsApp's media are 250 ms away and small", finding.Unexplained, "slow start is all there is"))
	return innocent("slow-start-only", "N11", 9*time.Second, t, func(w *lab.World) {
		farther(w, site.WAMedia, 105*time.Millisecond)
		for i := range 6 {
			w.Open(time.Duration(200+1200*i)*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Download(70_000+9_000*i))
		}
	})
}

// oddReceiver is a host without selective acknowledgements and timestamps, on the
// line with a short queue: holes take a round trip each, and no delay can be told from
// timestamps.
func oddReceiver() *lab.Scenario {
	return bottleneck("no-sack-no-timestamps", "N3", 16_000, nil, "a queue of 16 kB; the client does neither SACK nor timestamps", func(w *lab.World) {
		w.At(0, func(context.Context) {
			w.Note("sysctl", w.Client().Sysctl("net.ipv4.tcp_sack", "0"))
			w.Note("sysctl", w.Client().Sysctl("net.ipv4.tcp_timestamps", "0"))
		})
		fills(w)
	})
}

// ackFilter is a cable modem that drops pure acknowledgements when a later one is
// there: three of four are gone, and nothing that matters.
func ackFilter() *lab.Scenario {
	t := alsoServer(nobody("a modem drops three of four pure acknowledgements on the way up", finding.Unexplained, "a later acknowledgement says it all"))
	return innocent("ack-filter", "N13", 8*time.Second, t, func(w *lab.World) {
		w.Near[box.Down].Rate = 5 * mbit
		n := 0
		w.Rule("modem's ACK filter", policy.All(policy.Dir(box.Up), policy.Flags(16), policy.Not(policy.Payload(1)), func(*box.Packet) bool {
			n++
			return n%4 != 0
		}), policy.Drop{})
		telegramMedia(w, 200*time.Millisecond, parts(5, 512<<10)...)
	})
}
