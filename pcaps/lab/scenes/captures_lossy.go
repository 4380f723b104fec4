package scenes

import (
	"time"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/vary"
)

// capturesLossy are recordings in which packets, bytes or time are missing.
func capturesLossy() []*lab.Scenario {
	const no = finding.Unexplained
	return []*lab.Scenario{
		captureHoleBeforeReset(), captureLoss(),
		nameless(wellButCaptured("capture-snaplen-68", []string{"B16"}, "68 bytes of each frame were kept", "options and payloads are cut, not missing", no, asEthernet(vary.Snap(68)), unsure...)),
		wellButCaptured("capture-midstream", []string{"B15"}, "the capture begins when 45 % of the packets had passed", "handshakes were before the capture", no, asEthernet(vary.Begun(45, 100)), unsure...),
		wellButCaptured("capture-ends-early", []string{"B15"}, "the capture ends while connections are being opened", "nobody was given time to answer", no, asEthernet(vary.Within(0, int64(1030*time.Millisecond))), unsure...),
		captureEndsInHandshakes(),
		wellButCaptured("capture-down-only", []string{"N21"}, "only what servers sent was captured", "the client's side is missing", no, asEthernet(vary.OneWay(false)), unsure...),
		captureUpOnly(),
		wellButCaptured("capture-clock-back", []string{"B12"}, "NTP sets the clock back by 1.7 s in the middle", "time went back, not the packets", no, asEthernet(vary.Stepped(1, 2, -int64(1700*time.Millisecond))), unsure...),
		wellButCaptured("capture-clock-ahead", []string{"B12"}, "NTP sets the clock ahead by 9 s in the middle", "nine seconds that nobody was silent in", no, asEthernet(vary.Stepped(1, 2, int64(9*time.Second))), unsure...),
	}
}

// captureHoleBeforeReset has a capture miss the two data packets before each RST of a
// server: its sequence number then lies ahead of all that was seen.
func captureHoleBeforeReset() *lab.Scenario {
	rst := func(p *capture.Packet) bool { return !fromClient(p) && p.Flags&capture.RST != 0 }
	return wellButCaptured("capture-hole-before-rst", []string{"B15"}, "the capture misses the last data before each RST of a server",
		"what was not captured was acknowledged: it had been sent", finding.Unexplained, asEthernet(vary.Holed(2, rst)))
}

// captureLoss misses 2 % of everything while files come: the holes are filled by
// nobody, and the client acknowledges what was never seen.
func captureLoss() *lab.Scenario {
	s := wellButCaptured("capture-loss-2", []string{"N12"}, "the capture misses 2 % of all packets, of large downloads too",
		"what was not captured was acknowledged", finding.Unexplained, asEthernet(vary.Lossy(0.02, 7)))
	s.Play = func(w *lab.World) {
		everyday(w)
		w.Far[1].Loss = 0
		w.Open(time.Second, "mmg.whatsapp.net", lab.Web, parts(3, 700_000)...)
		w.Open(1500*time.Millisecond, "www.example.org", lab.Web, talk.Download(1_500_000))
	}
	return s
}

// captureUpOnly is the client's half of a large upload and download without loss.
func captureUpOnly() *lab.Scenario {
	s := wellButCaptured("capture-up-only", []string{"N21"}, "only what the client sent was captured",
		"the servers' side is missing", finding.Unexplained, asEthernet(vary.OneWay(true)), unsure...)
	s.Play = func(w *lab.World) {
		everyday(w)
		w.Far[1].Loss = 0
		w.Open(time.Second, "mmg.whatsapp.net", lab.Web, parts(2, 600_000)...)
		w.Open(1500*time.Millisecond, "cdn2.signal.org", lab.Web, sent(2, 400_000)...)
	}
	return s
}

// captureEndsInHandshakes ends 95 ms after eight connections to everybody began: some
// have no answer yet, some a SYN,ACK, some a hello that is not acknowledged.
func captureEndsInHandshakes() *lab.Scenario {
	s := wellButCaptured("capture-ends-in-handshakes", []string{"B15"}, "the capture ends in the middle of eight handshakes",
		"nobody was given time to answer", finding.Unexplained, asEthernet(vary.Within(0, int64(4050*time.Millisecond))))
	s.Play = func(w *lab.World) {
		everyday(w)
		for i, name := range []string{"web.whatsapp.com", "mmg.whatsapp.net", "www.kernel.org", "cdn.signal.org", "www.wikipedia.org", "fd.oneme.ru", "web.telegram.org", "www.instagram.com"} {
			w.Open(4070*time.Millisecond+time.Duration(i)*6*time.Millisecond, name, lab.Web, page2()...)
		}
	}
	return s
}

// page2 is two small things of a site.
func page2() []talk.Turn { return []talk.Turn{talk.Download(14_000), talk.Download(6_000)} }

// nameless is a recording without names: MAX has no addresses that are its alone.
func nameless(s *lab.Scenario) *lab.Scenario {
	delete(s.Truth.Services, "max")
	return s
}
