package html

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"chokepoint/classify/finding"
)

func TestABucketIsAccountedFor(t *testing.T) {
	tr := newScript(1).t
	b := newBucket(8000, 3000) // 1000 bytes a second
	pass := func(at int64, size uint32, s segSort, seq int64, want float64) {
		t.Helper()
		b.pass(tr, at*ms, size, s, seq)
		if math.Abs(b.tokens-want) > 1e-6 {
			t.Errorf("at %d ms there are %.0f bytes, not %.0f", at, b.tokens, want)
		}
	}
	pass(5, 1000, fresh, 0, 2000)
	pass(505, 1500, fresh, 1000, 1000)
	pass(505, 1000, fresh, 2000, 0)
	pass(605, 500, fresh, 3000, 0) // 400 more than it held
	if b.over != 400 {
		t.Errorf("%.0f bytes passed an empty bucket, not 400", b.over)
	}
	pass(10605, 1000, fresh, 4000, 2000) // full again, and not fuller
	pass(10605, 1000, again, 2000, 2000) // the first at 2000 was dropped behind the tap: its tokens were never taken
	if b.bins.list[len(b.bins.list)-1].missed != 1 {
		t.Error("that a packet was missed is not noted")
	}
}

// TestRecordedBucketsAreEmptyWherePacketsWereLost: the account of what was recorded behind
// real policers agrees with what they dropped.
func TestRecordedBucketsAreEmptyWherePacketsWereLost(t *testing.T) {
	accounts := 0
	for _, path := range bundled(t) {
		if said, err := os.ReadFile(filepath.Join(filepath.Dir(path), "want.jsonl")); err != nil || !bytes.Contains(said, []byte("rate.policed")) {
			continue
		}
		p := New()
		c := play(t, p, path, nil)
		for _, f := range c.ledger.Standing() {
			b := c.buckets[f.ID]
			if b == nil || f.Kind != finding.RatePoliced || f.Verdict.Rank() < finding.Likely.Rank() {
				continue
			}
			accounts++
			missed, empty := 0, 0
			for i := range b.bins.list {
				if l := &b.bins.list[i]; l.missed > 0 && l.n > 0 {
					missed++
					if l.min < max(b.burst/10, 2*1500) { // a full packet finds no room in less than itself
						empty++
					}
				}
			}
			t.Logf("%s %s: empty in %d of %d spans with losses, %.1f %% passed an empty bucket", path, f.ID, empty, missed, 100*b.over/b.passed)
			if missed == 0 || empty*10 < missed*9 || b.over > b.passed/10 {
				t.Errorf("%s %s: empty in %d of %d spans with losses, %.1f %% of bytes passed an empty bucket", path, f.ID, empty, missed, 100*b.over/b.passed)
			}
		}
	}
	if accounts < 5 {
		t.Errorf("only %d buckets", accounts)
	}
}
