package detect_test

import (
	"slices"
	"testing"
	"time"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// TestOwnDropsExcuseARate: a host that dropped packets of the flow itself says nothing
// of what held it, and names that.
func TestOwnDropsExcuseARate(t *testing.T) {
	dropping := &fact.Local{Drops: []fact.LocalDrop{{Reason: "NETFILTER_DROP", Dir: fact.Down, Count: 3}}}
	_, client := policed(false)
	f := (&tapped{client: client[0].Key, server: 60 * time.Millisecond}).facts(client)
	f.Local = dropping
	s := steps(1, "192.0.2.7", "telegram", 0, append(flat(6, 8e6), flat(44, 1e6)...), waiting(600_000))
	slow := flowOf(s)
	slow.Local = dropping
	for name, j := range map[string]detect.Judgement{
		"policed": detect.Policed{}.Judge(f, &fact.World{}),
		"shaped":  detect.Slowed{}.Judge(slow, worldOf(s, steps(2, "198.51.100.7", "", 8_000_000_000, flat(6, 7e6), nil))),
	} {
		x := only(t, j)
		if x.Verdict != finding.Inconclusive || !slices.ContainsFunc(x.Missing, func(m finding.Missing) bool { return m.Code == finding.LacksHost }) {
			t.Errorf("%s: %s %s, lacks %v", name, x.Verdict, x.Kind, x.Missing)
		}
	}
}
