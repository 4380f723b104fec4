package classify

import (
	"context"
	"reflect"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
)

// TestCountsSoFar: they come with the answers so far, grow to what is counted at the
// end, and do not depend on how many workers count.
func TestCountsSoFar(t *testing.T) {
	counted := func(workers int) (so []Stats) {
		src, err := pcapfile.Open("../pcaps/whatsapp-denied-and-dropped/client.pcapng", pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		opt := Options{Workers: workers, Interval: 5 * time.Second, Counted: func(s *Stats) { so = append(so, *s) }}
		end, err := Run(context.Background(), src, countSink{}, opt)
		if err != nil {
			t.Fatal(err)
		}
		end.Source = capture.Stats{}
		return append(so, end)
	}
	one, three := counted(1), counted(3)
	if !reflect.DeepEqual(one, three) {
		t.Errorf("one worker %+v, three %+v", one, three)
	}
	for i := 1; i < len(one); i++ {
		was, is := one[i-1], one[i]
		if is.Source.Packets != 0 || is.Packets < was.Packets || is.Flows < was.Flows || is.Last.Before(was.Last) {
			t.Errorf("%+v after %+v", is, was)
		}
	}
	if n := len(one); n < 10 || one[0].Packets == 0 || one[0].Packets >= one[n-1].Packets || one[n-1].Controls == 0 {
		t.Errorf("%d times, from %+v to %+v", n, one[0], one[n-1])
	}
}
