package classify

import (
	"context"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/fact"
)

// limits are what limited the flows of a capture, by the number of flows.
type limits struct {
	*recorder
	of map[string]int
}

func (l limits) Flow(f *fact.Flow, _ []string) error {
	l.of[f.Limit]++
	return nil
}

// TestWhatAPolicerLimitsSaysSo, alone and together with others, and nothing else.
func TestWhatAPolicerLimitsSaysSo(t *testing.T) {
	for path, want := range map[string]int{
		"../pcaps/telegram-policed/client.pcapng":                2,
		"../pcaps/recorded/policed-four-flows/client.pcapng.zst": 4,
		"../pcaps/recorded/call-video-clamp/client.pcapng.zst":   1, // of no TCP
		"../pcaps/telegram-lossy-path/client.pcapng":             0,
		"../pcaps/recorded/slow-line/client.pcapng.zst":          0,
	} {
		src, err := pcapfile.Open(path, pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := limits{newRecorder(), map[string]int{}}
		if _, err := Run(context.Background(), src, got, Options{All: true}); err != nil {
			t.Fatal(err)
		}
		src.Close()
		if got.of[limitPoliced] != want {
			t.Errorf("%s: %v, want %d policed", path, got.of, want)
		}
	}
}
