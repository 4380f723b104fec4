package usc

import (
	"fmt"
	"math"
	"strings"

	"chokepoint/classify/finding"
)

const (
	// offRate is how far from what the router was set to a rate may be. The router
	// counts Ethernet frames with FCS, 1.2 % more than the IP bytes reported.
	offRate = 0.06
	// offShared is the same for a bucket that two players drain.
	offShared = 0.05
)

// Report is what the tool says of all captures.
type Report struct{ Captures []*Said }

// Of analyses the captures below the folder of the corpora, which takes minutes.
func Of(dir string) (*Report, error) {
	all, err := settings(dir)
	if err != nil {
		return nil, err
	}
	out := &Report{}
	for _, s := range all {
		both, err := Both(dir, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		out.Captures = append(out.Captures, both...)
	}
	return out, nil
}

// Count is how many of some.
type Count struct{ N, Of int }

func (c Count) String() string { return fmt.Sprintf("%d of %d", c.N, c.Of) }

// Share is N as a share of Of, 1 of none.
func (c Count) Share() float64 {
	if c.Of == 0 {
		return 1
	}
	return float64(c.N) / float64(c.Of)
}

func (c *Count) add(yes bool) {
	c.Of++
	if yes {
		c.N++
	}
}

// Alone is the score of one view where one player runs behind a policer whose
// bucket is clear.
type Alone struct {
	Captures     Count // found at likely or surer, with the rate
	PeerCaptures Count // two chunks or more, as the published detector has it
	Chunks       Count
	PeerChunks   Count
}

// Shared is the score of one view where two players run behind one.
type Shared struct {
	Captures Count // found at suspected or surer
	Periods  Count // busy periods
	Rates    Count // findings whose rate is right
}

// best is the surest finding.
func (s *Said) best() *finding.Finding {
	var best *finding.Finding
	for i := range s.Findings {
		if f := &s.Findings[i]; best == nil || f.Verdict.Rank() > best.Verdict.Rank() {
			best = f
		}
	}
	return best
}

// sure reports a finding that is likely or surer.
func (s *Said) sure() bool {
	f := s.best()
	return f != nil && f.Verdict.Rank() >= finding.Likely.Rank()
}

// off is how far the rate of a finding is from the router's.
func (s *Settings) off(f *finding.Finding) float64 { return math.Abs(*f.RateBps/s.Bps - 1) }

// Found reports the policer found, at likely or surer and with its rate.
func (s *Said) Found() bool { return s.sure() && s.off(s.best()) <= offRate }

// Alone keeps the score of a view.
func (r *Report) Alone(v View) (out Alone) {
	for _, s := range r.Captures {
		if s.View != v || s.Players != 1 || !s.Clear() {
			continue
		}
		out.Captures.add(s.Found())
		out.PeerCaptures.add(s.Peer.Policed >= 2)
		out.PeerChunks.N += s.Peer.Policed
		out.PeerChunks.Of += s.Peer.Lossy
		for i := range s.Chunks {
			out.Chunks.add(s.Chunks[i].Policed)
		}
	}
	return out
}

// Innocent counts the captures without a policer in which one is said to be, at
// likely or surer.
func (r *Report) Innocent(v View) (out Count) {
	for _, s := range r.Captures {
		if s.View == v && !s.Policer {
			out.add(s.sure())
		}
	}
	return out
}

// Shared keeps the score of a view.
func (r *Report) Shared(v View) (out Shared) {
	for _, s := range r.Captures {
		if s.View != v || s.Players < 2 || !s.Clear() {
			continue
		}
		out.Captures.add(len(s.Findings) > 0)
		for i := range s.Chunks {
			out.Periods.add(s.Chunks[i].Policed)
		}
		for i := range s.Findings {
			out.Rates.add(s.off(&s.Findings[i]) <= offShared)
		}
	}
	return out
}

// Bars that the score must not fall below.
const (
	leastCaptures = 13.0 / 14 // at the server, one player
	leastAtClient = 12.0 / 14
	leastChunks   = 0.75 // at the client
	leastPeriods  = 0.45 // at the server, two players
	leastPeriodsC = 0.28 // at the client
	leastRates    = 0.9
)

// Broken lists the bars that are not reached, as sentences.
func (r *Report) Broken() (out []string) {
	say := func(broken bool, format string, args ...any) {
		if broken {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	at, client := r.Alone(Server), r.Alone(Client)
	say(at.Captures.Share() < leastCaptures || at.Captures.N < at.PeerCaptures.N, "one player, server: %v captures, the published detector has %v", at.Captures, at.PeerCaptures)
	say(at.Chunks.Share() < at.PeerChunks.Share(), "one player, server: %v chunks, the published detector has %v", at.Chunks, at.PeerChunks)
	say(client.Captures.Share() < leastAtClient, "one player, client: %v captures", client.Captures)
	say(client.Chunks.Share() < leastChunks, "one player, client: %v chunks", client.Chunks)
	for v, least := range map[View]float64{Server: leastPeriods, Client: leastPeriodsC} {
		x, innocent := r.Shared(v), r.Innocent(v)
		say(innocent.N > 0, "%s: %v captures without a policer are accused", v, innocent)
		say(x.Periods.Share() < least, "two players, %s: %v busy periods", v, x.Periods)
		say(x.Rates.Share() < leastRates, "two players, %s: %v rates", v, x.Rates)
	}
	return out
}

// Markdown writes the report.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Policers behind a router with known settings\n\n| one player, 0.5 to 3 Mbit/s, bucket from 100 kB | captures | chunks |\n|---|---|---|\n")
	at := r.Alone(Server)
	fmt.Fprintf(&b, "| published detector, server | %v | %v |\n", at.PeerCaptures, at.PeerChunks)
	for _, v := range [...]View{Server, Client} {
		a := r.Alone(v)
		fmt.Fprintf(&b, "| chokepoint, %s | %v | %v |\n", v, a.Captures, a.Chunks)
	}
	fmt.Fprintf(&b, "\n| shapers and random loss | captures accused |\n|---|---|\n")
	for _, v := range [...]View{Server, Client} {
		fmt.Fprintf(&b, "| %s | %v |\n", v, r.Innocent(v))
	}
	fmt.Fprintf(&b, "\n| two players behind one policer | captures | busy periods | rates within %.0f %% |\n|---|---|---|---|\n", 100*offShared)
	for _, v := range [...]View{Server, Client} {
		x := r.Shared(v)
		fmt.Fprintf(&b, "| %s | %v | %v | %v |\n", v, x.Captures, x.Periods, x.Rates)
	}
	fmt.Fprintf(&b, "\n| view | router | players | says | rate to the router's | chunks policed | codes of those that are not |\n|---|---|---|---|---|---|---|\n")
	for _, s := range r.Captures {
		b.WriteString(s.row())
	}
	return b.String()
}

// row is a capture's line.
func (s *Said) row() string {
	what := "delays"
	if s.Policer {
		what = "polices"
	}
	limit := fmt.Sprintf("%s at %.1f Mbit/s, %.0f kB, loses %s", what, s.Bps/1e6, s.Burst/1e3, s.Loss)
	says, rate := "-", ""
	if f := s.best(); f != nil {
		says, rate = string(f.Verdict), fmt.Sprintf("%.3f", *f.RateBps/s.Bps)
	}
	for i := range s.Findings { // the others, where there are any
		if f := &s.Findings[i]; f != s.best() {
			rate += fmt.Sprintf(", %.3f %s", *f.RateBps/s.Bps, f.Verdict)
		}
	}
	var policed Count
	var codes []string
	for i := range s.Chunks {
		policed.add(s.Chunks[i].Policed)
		if !s.Chunks[i].Policed {
			codes = append(codes, fmt.Sprint(s.Chunks[i].Codes))
		}
	}
	return fmt.Sprintf("| %s | %s | %d | %s | %s | %v | %s |\n", s.View, limit, s.Players, says, rate, policed, strings.Join(codes, " "))
}
