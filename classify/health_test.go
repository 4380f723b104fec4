package classify

import (
	"testing"

	"chokepoint/classify/track"
)

func TestHealth(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stats Stats
		want  []string
	}{
		{"nothing wrong", Stats{Packets: 1000, Sight: track.Sight{TCP: 10}}, nil},
		{"one flow of many", Stats{Packets: 1000, Sight: track.Sight{TCP: 10, OneWay: 1, Midstream: 5}}, nil},
		{"one direction", Stats{Sight: track.Sight{TCP: 10, OneWay: 9}}, []string{"one_way"}},
		{"late", Stats{Sight: track.Sight{TCP: 10, Midstream: 6}}, []string{"midstream"}},
		{"cut", Stats{Sight: track.Sight{TCP: 4, Clipped: 3}}, []string{"snaplen"}},
		{"B15 holes", Stats{Sight: track.Sight{TCP: 4, Gap: 3}}, []string{"capture_gap"}},
		{"B38 holes in two of three", Stats{Sight: track.Sight{TCP: 3, Gap: 2}}, []string{"capture_gap"}},
		{"B39 a phone", Stats{Sight: track.Sight{TCP: 1, MadeUp: 1}}, []string{"synthetic"}},
		{"two flows do not speak for all", Stats{Sight: track.Sight{TCP: 2, MadeUp: 1}}, nil},
		{"B44 copies", Stats{Copies: 900, Packets: 1900, Sight: track.Sight{TCP: 4, Routed: 900}}, []string{"copies"}},
		{"B40 both sides of a NAT", Stats{Twins: 4, Packets: 1000, Sight: track.Sight{TCP: 8}}, []string{"both_sides_of_nat"}},
		{"B16 merged frames", Stats{Packets: 1000, Sight: track.Sight{TCP: 8, Merged: 60}}, []string{"merged"}},
	} {
		got := tt.stats.Health()
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v", tt.name, got)
			continue
		}
		for i, r := range got {
			if r.Code != tt.want[i] {
				t.Errorf("%s: %s, want %s", tt.name, r.Code, tt.want[i])
			}
		}
	}
}
