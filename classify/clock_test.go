package classify

import "testing"

func TestClock(t *testing.T) {
	const start = 1000 * second
	for _, tt := range []struct {
		name  string
		times []int64
		want  int64
		step  bool
	}{
		{"the highest time holds", []int64{0, 5, 4}, 5, false},
		{"a leap needs a second packet", []int64{0, 100}, 0, false},
		{"a leap with a second packet is believed", []int64{0, 100, 101}, 101, false},
		{"one wrong stamp is forgotten", []int64{0, 5000, 1, 2}, 2, false},
		{"two wrong stamps far apart in between are not", []int64{0, 5000, 1, 9000, 2}, 2, false},
		{"a step back is noted", []int64{10, 8}, 10, true},
		{"a small step back is reordering", []int64{10, 9}, 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c clock
			for _, s := range tt.times {
				c.see(start + s*second)
			}
			if c.now != start+tt.want*second || c.stepped != tt.step {
				t.Fatalf("now +%d s, stepped %v; want +%d, %v", (c.now-start)/second, c.stepped, tt.want, tt.step)
			}
		})
	}
}
