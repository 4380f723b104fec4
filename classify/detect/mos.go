package detect

import (
	"fmt"
	"math"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Constants of the E-model (ITU-T G.107): the default transmission rating, and the
// loss robustness of G.711 with concealment, which is nobody's codec here. Messengers'
// have no values of their own, hence "indicative" (rate-and-calls, 2.9).
const (
	defaultRating = 93.2
	concealment   = 25.0 // Bpl
	mostImpaired  = 95.0
	leastBuffer   = 20 * time.Millisecond
)

// MOS estimates what listeners would say of a stream, 1 to 4.5: delay is one way, loss
// 0 to 1, burst the burst ratio (1: independent).
func MOS(delay, jitter time.Duration, loss, burst float64) float64 {
	d := inMillis(delay) + inMillis(max(2*jitter, leastBuffer))
	id := 0.024 * d
	if d > 177.3 {
		id += 0.11 * (d - 177.3)
	}
	ppl := 100 * loss
	ie := mostImpaired * ppl / (ppl/math.Max(burst, 1) + concealment)
	r := defaultRating - id - ie
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + 0.035*r + 7e-6*r*(r-60)*(100-r)
}

// opinion adds it, where it was asked for.
func (b *badCall) opinion(fd *finding.Finding, s *fact.MediaSource) {
	if !b.w.MOS || fd.Loss == nil || fd.JitterMs == nil {
		return
	}
	mos := math.Round(100*MOS(b.f.Call.Trips.Floor/2, b.way.Held.WorstJitter, *fd.Loss, s.BurstRatio())) / 100
	fd.MOS = &mos
	fd.For = append(fd.For, finding.Evidence{Code: callMOS, Family: finding.Sequence, Class: finding.W,
		Text: fmt.Sprintf("listeners would give it %.1f of 4.5 (indicative: E-model of ITU-T G.107 as for G.711 with concealment, %.0f ms one way)",
			mos, inMillis(b.f.Call.Trips.Floor/2))})
}
