package fact

import "testing"

// TestScarcity: what is remembered halves with the budget, to a sixteenth at least.
func TestScarcity(t *testing.T) {
	for budget, want := range map[int64]int{1 << 30: 4096, 64 << 20: 4096, 64<<20 - 1: 2048, 32 << 20: 2048, 8 << 20: 512, 4 << 20: 256, 1 << 20: 256, 1: 256} {
		if got := ScarcityOf(budget).of(4096); got != want {
			t.Errorf("%d bytes: %d, want %d", budget, got, want)
		}
	}
	w := World{Scarce: 3}
	for i := range 3 * MaxTalks {
		w.SawTalk(Talk{Flow: FlowID(i + 1)})
	}
	if n := len(w.Talks); n > (MaxTalks+talkSlack)>>3 || n < MaxTalks>>3 || len(w.talkAt) != n {
		t.Errorf("%d talks, %d known", n, len(w.talkAt))
	}
}
