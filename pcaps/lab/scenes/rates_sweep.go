package scenes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"chokepoint/pcaps/lab"
)

// Drawn is a scenario about rates that was drawn, not thought of: no constant of the
// tool can have been fitted to it.
type Drawn struct {
	*lab.Scenario
	Setting
}

// Setting is what was drawn. The zero value of a field does nothing.
type Setting struct {
	// What holds the transfer up.
	Policed    bool
	Rate       float64 // of the policer, bits/s of IP bytes
	Bucket     int     // bytes
	Scope      Scope   // who shares it
	Loss       float64 // share, each way
	LossRun    float64 // mean length of a loss in packets; below 1: alone
	Line       float64 // bits/s of the home's line in the direction of the transfer
	Queue      int     // bytes before it
	AQM        string  // what drops from that: codel, red, pie
	Window     int     // bytes of the receiver's buffer
	Pace       float64 // bits/s that the application has
	Chunk      int     // bytes that it has at a time; 0: one segment
	Think      time.Duration
	Reorder    float64 // share of the packets that come ReorderBy late
	ReorderBy  time.Duration
	Background bool // only what a line must have, wide enough not to hold the transfer up

	// The path.
	RTT    time.Duration
	Near   float64 // share of it before the middlebox, as the client sees it
	Jitter time.Duration
	Hops   uint8

	// Who talks, and how.
	TLS          bool // with WhatsApp's media; else with Telegram's
	Congestion   string
	NoTimestamps bool
	NoSACK       bool
	Upload       bool
	Part         int // bytes that are asked for at a time; 0: one file
	Flows        int
	Lasts        time.Duration
}

// Scope is who shares a bucket.
type Scope string

// All to one address, one flow; each flow with a hello for a name; several flows to
// one address.
const (
	ScopeAddress Scope = "address"
	ScopeFlow    Scope = "flow by name"
	ScopeShared  Scope = "shared"
)

// Sweep draws n scenarios. The ith of a seed is the same whatever n is.
func Sweep(seed uint64, n int) []Drawn {
	out := make([]Drawn, n)
	for i := range out {
		s := draw(rand.New(rand.NewPCG(seed, uint64(i))))
		out[i] = Drawn{s.scenario(fmt.Sprintf("sweep-%d-%d", seed, i)), s}
	}
	return out
}

// dice draws.
type dice struct{ *rand.Rand }

// between draws evenly by magnitude.
func (d dice) between(a, b float64) float64 { return a * math.Exp(d.Float64()*math.Log(b/a)) }

// one reports an event of a probability.
func (d dice) one(p float64) bool { return d.Float64() < p }

func (d dice) duration(a, b time.Duration) time.Duration {
	return time.Duration(d.between(float64(a), float64(b))).Round(100 * time.Microsecond)
}

// round leaves two and a half digits: what is drawn can be read.
func round(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-2)
	return math.Round(x/unit) * unit
}

func draw(r *rand.Rand) Setting {
	d := dice{r}
	s := Setting{
		RTT: d.duration(8*time.Millisecond, 300*time.Millisecond), Near: 0.6 * d.Float64(),
		Jitter: d.duration(200*time.Microsecond, 8*time.Millisecond), Hops: uint8(6 + d.IntN(18)),
		Congestion: []string{"cubic", "cubic", "reno", "bbr"}[d.IntN(4)], NoTimestamps: d.one(0.2), NoSACK: d.one(0.15),
		Upload: d.one(0.2), Flows: 1 + d.IntN(4), Lasts: time.Duration(12+14*d.Float64()) * time.Second,
	}
	s.Jitter = min(s.Jitter, s.RTT/8)
	if d.one(0.6) {
		s.Part = int(round(d.between(64<<10, 1<<20)))
	}
	if d.one(0.5) {
		s.police(d)
		if d.one(0.4) {
			s.disturb(d)
		}
	} else {
		s.hold(d)
	}
	s.furnish(d)
	return s
}

// police draws a policer over all that is known of such.
func (s *Setting) police(d dice) {
	s.Policed = true
	s.Rate, s.Bucket = round(d.between(100e3, 6e6)), int(round(d.between(12e3, 1e6)))
	switch s.Scope = []Scope{ScopeAddress, ScopeFlow, ScopeShared}[d.IntN(3)]; s.Scope {
	case ScopeAddress:
		s.Flows = 1
	case ScopeFlow:
		s.TLS = true
	case ScopeShared:
		s.Flows = 2 + d.IntN(3)
	}
}

// disturb draws what is on the path besides a policer.
func (s *Setting) disturb(d dice) {
	switch d.IntN(4) {
	case 0:
		s.Loss = round(d.between(0.003, 0.01))
	case 1:
		s.Line, s.Queue = round(min(s.Rate*d.between(1.3, 6), 20e6)), int(round(d.between(10e3, 300e3)))
	case 2:
		s.reorder(d)
	case 3:
		s.Window = int(round(d.between(32e3, 256e3)))
	}
}

// hold draws one harmless thing that holds the transfer up, or two.
func (s *Setting) hold(d dice) {
	draws := []func(dice){s.lose, s.queue, s.queue, s.manage, s.window, s.pace, s.slow, s.reorder}
	first := d.IntN(len(draws))
	draws[first](d)
	if d.one(0.35) {
		// Not what was drawn already: a line has one queue, and an application one pace.
		second := first
		for !s.free(second) {
			second = d.IntN(len(draws))
		}
		draws[second](d)
	}
	s.TLS = d.one(0.5) && !s.exact()
}

// free reports whether a draw of [Setting.hold] would overwrite nothing.
func (s *Setting) free(which int) bool {
	return [...]bool{s.Loss == 0, s.Line == 0, s.Line == 0, s.Line == 0, s.Window == 0 && s.Pace == 0,
		s.Pace == 0 && s.Window == 0, s.Pace == 0 && s.Window == 0, s.Reorder == 0}[which]
}

func (s *Setting) lose(d dice) {
	s.Loss = round(d.between(0.003, 0.05))
	if d.one(0.4) {
		s.LossRun = 2 + 6*d.Float64()
	}
}

func (s *Setting) queue(d dice) {
	s.Line, s.Queue = round(d.between(0.5e6, 8e6)), int(round(d.between(5e3, 500e3)))
}

func (s *Setting) manage(d dice) {
	s.queue(d)
	s.AQM = []string{"codel", "red", "pie"}[d.IntN(3)]
	s.Queue = max(s.Queue, 60_000)
}

func (s *Setting) window(d dice) { s.Window = int(round(d.between(16e3, 256e3))) }

// pace is what an application has, as often as not exactly what known policers let pass.
func (s *Setting) pace(d dice) {
	s.Upload = false
	if s.Pace = round(d.between(100e3, 3e6)); d.one(0.5) {
		s.Pace = []float64{128e3, 140e3, 150e3}[d.IntN(3)]
	}
	if d.one(0.4) {
		s.Chunk = int(round(d.between(4e3, 64e3)))
	}
}

// slow is a server that thinks, and reads from a slow disk.
func (s *Setting) slow(d dice) {
	s.Upload, s.Think, s.Part = false, d.duration(50*time.Millisecond, 900*time.Millisecond), int(round(d.between(64e3, 512e3)))
	s.Pace, s.Chunk = round(d.between(200e3, 6e6)), 4096
}

func (s *Setting) reorder(d dice) {
	s.Reorder, s.ReorderBy = round(d.between(0.003, 0.05)), d.duration(2*time.Millisecond, 25*time.Millisecond)
}

// furnish gives a path that has no narrow line a wide one. Without policer nothing else
// keeps a transfer within what a middlebox in user space can carry.
func (s *Setting) furnish(d dice) {
	if s.Line > 0 || s.Policed {
		return
	}
	s.Background = true
	s.Line = round(d.between(8e6, 14e6))
	s.Queue = int(max(s.Line/8*s.RTT.Seconds(), 100e3))
}

// String is the setting on one line.
func (s Setting) String() string {
	var with []string
	add := func(yes bool, format string, of ...any) {
		if yes {
			with = append(with, fmt.Sprintf(format, of...))
		}
	}
	add(s.Policed, "policer of %g kbit/s and %g kB (%s; %.1f round trips)", s.Rate/1e3, float64(s.Bucket)/1e3, s.Scope, s.trips())
	add(s.Loss > 0, "loss of %.2f %%", 100*s.Loss)
	add(s.LossRun > 0, "%.1f at a time", s.LossRun)
	add(s.Line > 0, "line of %g kbit/s with a queue of %g kB %s", s.Line/1e3, float64(s.Queue)/1e3, s.AQM)
	add(s.Window > 0, "receive buffer of %g kB", float64(s.Window)/1e3)
	add(s.Pace > 0, "application's pace of %g kbit/s, %d bytes at a time", s.Pace/1e3, s.Chunk)
	add(s.Think > 0, "server thinks for %v", s.Think)
	add(s.Reorder > 0, "%.2f %% come %v late", 100*s.Reorder, s.ReorderBy)
	add(true, "%v (%.0f %% near), jitter %v, %d hops", s.RTT, 100*s.Near, s.Jitter, s.Hops)
	add(true, "%s, %d flows to %s, %v", s.Congestion, s.Flows, s.service(), s.Lasts)
	add(s.Upload, "upload")
	add(s.Part > 0, "parts of %g kB", float64(s.Part)/1e3)
	add(s.NoTimestamps, "no timestamps")
	add(s.NoSACK, "no SACK")
	return strings.Join(with, ", ")
}

// trips is how many round trips of its rate the bucket holds.
func (s *Setting) trips() float64 { return float64(s.Bucket) * 8 / s.Rate / s.RTT.Seconds() }
