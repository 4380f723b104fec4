//go:build linux

package live

import (
	"strings"
	"testing"
	"time"
)

func TestClockFollowsSmoothly(t *testing.T) {
	for name, step := range map[string]int64{"forward": 5e8, "back": -5e8, "a little": 700, "a little back": -700} {
		t.Run(name, func(t *testing.T) {
			c := &clock{}
			boot := 100 * second
			c.compare(boot, at(boot))
			c.reached(boot)
			if told := c.compare(boot+second, at(boot+second)+step); told != 0 {
				t.Fatalf("a step of %d is not to be told: %d", step, told)
			}
			last := c.real(boot)
			if last != at(boot) {
				t.Fatalf("the time that was reached moved by %d", last-at(boot))
			}
			for b := boot + 1000; b < boot+60*second; b += second / 7 {
				now := c.real(b)
				if now <= last {
					t.Fatalf("time stands or steps back at +%v: %d", time.Duration(b-boot), now-last)
				}
				last = now
				c.reached(b)
				c.compare(b, at(b)+step)
			}
			if off := last - at(boot) - int64(59*second); off < step-int64(second) && step > 0 {
				t.Errorf("it has not caught up: %d of %d", off, step)
			}
			end := boot + 120*second
			if off := c.real(end) - at(end); off != step {
				t.Errorf("after two minutes it is off by %d", off-step)
			}
		})
	}
}

func TestClockLeaps(t *testing.T) {
	for _, step := range []int64{int64(time.Hour), -int64(time.Hour), leap + 1, -leap - 1} {
		c := &clock{}
		c.compare(100*second, at(100*second))
		c.reached(100 * second)
		if told := c.compare(101*second, at(101*second)+step); told != step {
			t.Errorf("told of a step of %d, want %d", told, step)
		}
		if got := c.real(101*second) - at(101*second); got != step {
			t.Errorf("it follows by %d, want %d", got, step)
		}
	}
	if got := stepped(-3_600_000_000_001); !strings.Contains(got, "-1h0m0s") {
		t.Error(got)
	}
}

// TestClocks: the real clocks advance, and the boot clock is the one that records
// carry.
func TestClocks(t *testing.T) {
	b1, r1 := clocks()
	b2, r2 := clocks()
	if b2 < b1 || r1 < int64(1_600_000_000e9) || r2-r1 > int64(time.Hour) {
		t.Errorf("boot %d then %d, real %d then %d", b1, b2, r1, r2)
	}
}
