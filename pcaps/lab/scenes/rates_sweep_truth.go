package scenes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// What has to be found of a drawn policer is decided by what was drawn alone, before
// anything is played, with estimates that err towards asking nothing.
const (
	segment = 1500. // IP bytes
	// leastBucket, bytes, and leastTrips: below both a queue of a few packets looks the
	// same, and below one round trip the sender never has the bucket's rate (the
	// published detector's rule 4, Flach et al. 2016; 90 % of real policers hold
	// 30 kB).
	leastBucket, leastTrips = 30e3, 2.
	// leastLosses the published detector needs, in three round trips or more. Twice as
	// many must be expected.
	leastLosses = 15
	// leastTurns is in how many losses of a sender's cycle they must come.
	leastTurns = 4
	// wants is how many times the policer's rate the hosts must be able to send.
	wants = 2.
	// rateOff is how far a rate may be off that is said as likely: more is a false claim.
	rateOff = 0.10
)

// truth is what follows from the setting.
func (s *Setting) truth() truth.Truth {
	if !s.Policed {
		t := alsoServer(nobody(s.String(), finding.Suspected, "nobody slows one service"))
		for m := range t.Services {
			t.Services[m] = []string{"ok", "degraded", "inconclusive"}
		}
		return t
	}
	t := held(s.service(), finding.RatePoliced, s.Rate, s.Bucket, s.String())
	both := t.Finds[0].Files
	policed := truth.Limit{Kinds: []finding.Kind{finding.RatePoliced}, Service: s.service(), AtMost: finding.Confirmed, Files: both}
	t.May = append(t.May, policed) // also where it need not be found
	policed.RateBPS, policed.RateOff, policed.Why = s.Rate, rateOff, "the policer has another rate"
	t.Ceilings = []truth.Limit{policed}
	t.Finds[0].Files = s.Tellable()
	if !slices.Contains(t.Finds[0].Files, "client.pcapng") {
		t.Services[s.service()] = []string{"throttled", "ok", "degraded", "inconclusive"}
	}
	if len(t.Finds[0].Files) == 0 {
		t.Finds = nil
	}
	if s.Loss > 0 || s.Line > 0 {
		for m := range t.Services {
			if m != s.service() {
				t.Services[m] = []string{"ok", "degraded", "inconclusive"}
			}
		}
	}
	return t
}

// Tellable is the captures in which a policer must be found; none: it cannot be told,
// or there is none. A receiver without timestamps has no round trips, so that a queue
// would not show; and without SACK, which reports what came twice (RFC 2883), a sender
// cannot tell what it sent again from what was lost.
func (s *Setting) Tellable() (files []string) {
	if !s.Policed || !s.tellable() {
		return nil
	}
	sender, receiver := "server.pcapng", "client.pcapng"
	if s.Upload {
		sender, receiver = receiver, sender
	}
	if !s.NoSACK {
		files = append(files, sender)
	}
	if !s.NoTimestamps {
		files = append(files, receiver)
	}
	slices.Sort(files)
	return files
}

// tellable reports a policer that shows whoever looks.
func (s *Setting) tellable() bool { return s.Why() == "" }

// Why is why a policer cannot be told, "" if it can.
func (s *Setting) Why() string {
	demand := s.demand()
	window := s.Rate / 8 * s.RTT.Seconds() / segment / float64(s.sharers()) // of each flow, in packets
	left := s.Lasts.Seconds() - 0.5 - s.slowStart() - float64(s.Bucket)*8/math.Max(demand-s.Rate, 1)
	switch {
	case s.trips() < 1 || s.trips() < leastTrips && float64(s.Bucket) < leastBucket:
		return "small bucket"
	case demand < wants*s.Rate:
		return "rate not reached"
	case left*s.Rate/8/segment*s.lossShare(window)+s.overshoot() < 2*leastLosses || left < leastTurns*s.cycle(window):
		return "few losses"
	case s.NoSACK && s.overshoot()*s.RTT.Seconds() > left/4:
		return "slow recovery" // without SACK each hole takes a round trip (RFC 6582)
	}
	return ""
}

// sharers is how many flows have one bucket.
func (s *Setting) sharers() int {
	if s.Scope == ScopeShared {
		return s.Flows
	}
	return 1
}

// demand is how fast the flows of a bucket would send without it, bits/s, at most.
func (s *Setting) demand() float64 {
	rtt := s.RTT.Seconds()
	each := 40e6 // the lab's lines, roughly
	if s.Upload {
		each = 18e6
	}
	if s.Part > 0 {
		// A round trip to ask, and those in which the window opens from ten segments
		// (RFC 6928) to what it is when all goes well: three are enough here.
		each = math.Min(each, float64(s.Part)*8/(rtt*math.Min(4, 1+math.Ceil(math.Log2(1+float64(s.Part)/15e3)))))
	}
	if s.Window > 0 {
		each = math.Min(each, float64(s.Window)/2*8/rtt) // half of a buffer is overhead
	}
	if s.Loss > 0 && s.Congestion != "bbr" {
		each = math.Min(each, segment*8/rtt*1.22/math.Sqrt(s.Loss)) // Mathis et al. 1997
	}
	if s.Reorder > 0 && s.Congestion != "bbr" {
		each = math.Min(each, segment*8/rtt*1.22/math.Sqrt(s.Reorder)) // taken for loss, at worst
	}
	all := each * float64(s.sharers())
	if s.Line > 0 {
		all = math.Min(all, s.Line/float64(s.Flows)*float64(s.sharers()))
	}
	return all
}

// slowStart is how long the window takes to open to what the bucket lets pass, s.
func (s *Setting) slowStart() float64 {
	return s.RTT.Seconds() * math.Ceil(1+math.Log2(1+(float64(s.Bucket)+s.Rate/8*s.RTT.Seconds())/15e3))
}

// overshoot is how many packets are lost when the bucket is empty for the first time:
// a quarter of what it held, and not more than a few windows.
func (s *Setting) overshoot() float64 { return math.Min(float64(s.Bucket)/4/segment, 30) }

// lossShare is which share of the packets a sender with a window of so many packets
// loses, at least, when nothing but loss tells it when to slow down.
func (s *Setting) lossShare(window float64) float64 {
	if s.Congestion == "bbr" {
		return 0.01
	}
	return math.Min(0.2, math.Max(1.5/window/window, 0.004)) // Mathis et al. 1997
}

// cycle is the time from loss to loss, s: Reno's is half a window of round trips,
// twice that with delayed acknowledgements; Cubic's twice its K (RFC 9438, section
// 4.2) or Reno's; BBR asks for more every eight round trips. A bucket fills meanwhile,
// and is emptied.
func (s *Setting) cycle(window float64) float64 {
	reno := math.Max(window, 2) * s.RTT.Seconds()
	switch s.Congestion {
	case "bbr":
		return 8 * s.RTT.Seconds()
	case "cubic":
		return math.Min(reno, 2*math.Cbrt(0.75*math.Max(window, 2)))
	}
	return reno
}

// Classes is by what settings are told apart in a score.
func (s *Setting) Classes() map[string]string {
	out := map[string]string{"flows": fmt.Sprint(s.Flows), "congestion": s.Congestion, "transfer": s.transferred(),
		"round trip": among(s.RTT.Seconds()*1e3, "ms", 30, 100)}
	switch {
	case !s.Policed:
		out["what"] = "innocent: " + s.holds()
		return out
	case !s.tellable():
		out["what"] = "policed, cannot be told: " + s.Why()
		return out
	case len(s.Tellable()) == 0:
		out["what"] = "policed, cannot be told: options"
		return out
	}
	out["what"] = "policed"
	out["options"] = map[bool]string{true: "no timestamps", false: "timestamps"}[s.NoTimestamps]
	if s.NoSACK {
		out["options"] += ", no SACK"
	}
	out["scope"] = string(s.Scope)
	out["rate"] = among(s.Rate/1e3, "kbit/s", 300, 1000, 3000)
	out["bucket"] = among(s.trips(), "round trips", 1.5, 2, 4, 8, 16)
	out["bucket's size"] = among(float64(s.Bucket)/1e3, "kB", leastBucket/1e3, 100)
	out["beside"] = s.disturbed()
	return out
}

func (s *Setting) transferred() string {
	switch {
	case s.Upload:
		return "upload"
	case s.Part > 0:
		return "parts"
	}
	return "one file"
}

// disturbed is what was drawn besides a policer.
func (s *Setting) disturbed() string {
	switch {
	case s.Loss > 0:
		return "random loss"
	case s.Line > 0:
		return "narrow line"
	case s.Reorder > 0:
		return "reordering"
	case s.Window > 0:
		return "receive window"
	}
	return "nothing"
}

// holds is what holds up a transfer that nobody polices, one thing or two.
func (s *Setting) holds() string {
	var out []string
	for _, h := range []struct {
		what string
		yes  bool
	}{
		{"loss", s.Loss > 0}, {s.AQM, s.AQM != ""}, {"drop-tail", s.Line > 0 && s.AQM == "" && !s.Background}, {"window", s.Window > 0},
		{"pace", s.Pace > 0 && s.Think == 0}, {"slow server", s.Think > 0}, {"reordering", s.Reorder > 0},
	} {
		if h.yes {
			out = append(out, h.what)
		}
	}
	return strings.Join(out, " and ")
}

// among is the class of a value between borders.
func among(x float64, unit string, borders ...float64) string {
	for i, b := range borders {
		if x < b && i == 0 {
			return fmt.Sprintf("below %g %s", b, unit)
		} else if x < b {
			return fmt.Sprintf("%g to %g %s", borders[i-1], b, unit)
		}
	}
	return fmt.Sprintf("%g %s and more", borders[len(borders)-1], unit)
}
