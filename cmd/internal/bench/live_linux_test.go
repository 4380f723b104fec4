package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"chokepoint/capture/live"
)

// lab is a cable, and this test binary as the program that plays its own parts.
func lab(t *testing.T) (*options, *cable) {
	t.Helper()
	if lacks := liveLacks(); len(lacks) > 0 {
		why := "needs " + strings.Join(lacks, ", ")
		if os.Getenv("REQUIRE_BPF") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	c, err := newCable(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("BENCH_TEST_CHILD", "part")
	return &options{self: os.Args[0]}, c
}

// TestSentIsDeliveredAndCounted: at a rate that a reader keeps up with nothing is
// lost, unless the machine is busy elsewhere three times in a row.
func TestSentIsDeliveredAndCounted(t *testing.T) {
	o, c := lab(t)
	const rate = 50_000
	for _, backend := range []string{live.TCX, live.AFPacket} {
		for try := 1; ; try++ {
			f, err := o.round(c, backend, rate, 0, time.Second)
			if err != nil {
				t.Fatalf("%s: %v", backend, err)
			}
			if f.Sent > rate*11/10 {
				t.Errorf("%s: %d sent in a second, asked for %d", backend, f.Sent, rate)
			}
			if f.User <= 0 || f.Measured != f.Packets {
				t.Errorf("%s: %+v", backend, f)
			}
			if f.Lost == 0 && f.Unseen == 0 {
				break
			}
			if try == 3 {
				t.Errorf("%s: %+v", backend, f)
				break
			}
		}
	}
}

// TestTooMuchIsCounted: what a reader that rests cannot take is in the counts, to
// the packet.
func TestTooMuchIsCounted(t *testing.T) {
	o, c := lab(t)
	f, err := o.round(c, live.TCX, 0, restTime, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", f)
	if f.Took < time.Second || f.Dropped != 0 {
		t.Errorf("%+v", f)
	}
}

func TestPartsRefuseNonsense(t *testing.T) {
	var o options
	for _, args := range [][]string{{"send", port, "fast", "1s"}, {"send", port, "1", "long"}, {"receive", port, live.TCX, "?"}} {
		if known, err := o.livePart(args); !known || err == nil {
			t.Errorf("%q: %v, %v", args, known, err)
		}
	}
	for _, args := range [][]string{{"send"}, {"live"}, {"sand", port, "1", "1s"}} {
		if known, err := o.livePart(args); known || err != nil {
			t.Errorf("%q: %v, %v", args, known, err)
		}
	}
}
