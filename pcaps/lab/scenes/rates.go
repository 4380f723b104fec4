package scenes

import (
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/tap"
	"chokepoint/pcaps/truth"
)

// rates are rates that a box holds down.
func rates() []*lab.Scenario {
	return []*lab.Scenario{
		policedHello(), policedAddress(), policed500k(), policed1500k(), policed3m(), policedFour(), policedV6(),
		policedBBR(), policedReno(), policedQUIC(), policedUpload(), policedVideo(), policedByKernel(),
		shapedAfterBurst(), shapedMidFlow(), shapedMessenger(),
	}
}

// mbit is bits/s.
const mbit = 1e6

// rateTaps are the vantages where the server's view matters: upstream of the drop
// losses are retransmissions, downstream they are holes.
func rateTaps() map[string]string {
	return map[string]string{"client.pcapng": "host", "server.pcapng": "server"}
}

// clientTap is a recording on the client alone.
func clientTap() map[string]string { return map[string]string{"client.pcapng": "host"} }

// bulk keeps recordings of transfers small: hellos and first answers are whole.
var bulk = tap.Keep{Whole: 24, Rest: 24, Datagrams: 24, RestDatagram: 24}

// messengers are the services that scenarios about rates use.
var messengers = []string{"whatsapp", "telegram", "signal", "max"}

// allBut are the services' statuses: all well, and one as is said.
func allBut(service string, status ...string) map[string][]string {
	out := map[string][]string{}
	for _, m := range messengers {
		out[m] = []string{"ok"}
	}
	if service != "" {
		out[service] = status
	}
	return out
}

// held is the truth of a service whose rate is held down, found at all vantages:
// rate in bits/s of IP bytes, burst in bytes.
func held(service string, kind finding.Kind, rate float64, burst int, what string) truth.Truth {
	return truth.Truth{
		What: what, Where: onePath, Vantage: rateTaps(), Services: allBut(service, "throttled"),
		Finds: []truth.Must{{Kinds: []finding.Kind{kind}, Service: service, AtLeast: finding.Likely,
			Files: []string{"client.pcapng", "server.pcapng"}, RateBPS: rate, Burst: float64(burst)}},
		May: []truth.Limit{{Kinds: []finding.Kind{finding.RateDifferential, finding.RateShift}, Service: service, AtMost: finding.Likely,
			Files: []string{"client.pcapng", "server.pcapng"}}},
	}
}

// parts is a file that is asked for part by part, as apps do: each is a request and
// its answer, and the server never has to wait for long.
func parts(n, size int) []talk.Turn { return slices.Repeat([]talk.Turn{talk.Download(size)}, n) }

// sent is the same the other way.
func sent(n, size int) []talk.Turn { return slices.Repeat([]talk.Turn{talk.Upload(size)}, n) }

// control plans what a slowed service is compared with: the others, ordinary sites
// and one large file.
func control(w *lab.World, but ...string) {
	w.Keep = bulk
	w.OthersWork(500*time.Millisecond, but...)
	w.Surf(100*time.Millisecond, 6*time.Second, 1700*time.Millisecond)
	w.Open(3*time.Second, "www.example.com", lab.Web, talk.Download(600_000))
}
