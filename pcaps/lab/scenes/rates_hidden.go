package scenes

import (
	"math"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// hiddenNeighbours is a real policer that the recording cannot measure: half of what
// passes the bucket is of others, and comes and goes. No rate that is said is right,
// unless it is said to be no more than what was seen.
func hiddenNeighbours() *lab.Scenario {
	t := nobody("", finding.Likely, "most of what empties the bucket is not in the recording")
	t.What = "what Telegram's media send to a whole street passes one token bucket of 2 Mbit/s and 150 kB; only one house is recorded"
	t.Where = onePath
	t.Services = allBut("telegram", "throttled", "ok", "inconclusive")
	t.May = []truth.Limit{{Kinds: slowdowns, Service: "telegram", AtMost: finding.Likely}}
	return innocent("policed-with-neighbours", "N20", 11*time.Second, t, func(w *lab.World) {
		bucket := &policy.Police{Rate: 2 * mbit, Burst: 150_000}
		w.Rule("police media", policy.All(policy.To(site.TGMedia), policy.Dir(box.Down)), &shared{bucket: bucket})
		telegramMedia(w, 200*time.Millisecond, parts(20, 256<<10)...)
	})
}

// shared is a policer whose other users are behind the middlebox too, but not in the
// recordings: their packets use the bucket and are gone. They come in bursts.
type shared struct {
	bucket *policy.Police
	others *box.Rule // whose drops are logged under its name; no recording has them
}

// Act implements [box.Action].
func (a *shared) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if a.others == nil {
		a.others = &box.Rule{Name: r.Name + " of the neighbours"}
		a.neighbours(b, p.Dir, 0)
	}
	return a.bucket.Act(b, r, p)
}

// neighbours is one packet of theirs, and what follows: until an end some 500 ms
// from now they come every 6 ms, 2 Mbit/s, then there is as long a rest.
func (a *shared) neighbours(b *box.Box, d box.Dir, end time.Duration) {
	const every, on = 6 * time.Millisecond, 500 * time.Millisecond
	next := every
	if b.Elapsed() >= end {
		next = time.Duration(-math.Log(1-b.Rand.Float64()) * float64(on))
		end = b.Elapsed() + next + time.Duration(-math.Log(1-b.Rand.Float64())*float64(on))
	}
	a.bucket.Act(b, a.others, b.Decode(d, make([]byte, 1514)))
	b.After(next, func() { a.neighbours(b, d, end) })
}
