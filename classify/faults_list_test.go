package classify

import (
	"fmt"

	"chokepoint/capture"
	"chokepoint/pcaps/vary"
)

// fault is something that happens to captures, not to networks.
type fault struct {
	name   string
	make   vary.Fault
	mild   bool // what was found stays found, or a reason is given
	oneWay bool // one direction only
	told   bool // the source says that it lost packets
	warped bool // times are false by whatever lay between two packets
}

// unharmed is the capture as it is: the laws hold for it, too.
func unharmed(p []capture.Packet) []capture.Packet { return p }

// faults of the test matrix (resets-and-drops, section 8), with a number of
// seeds for those that happen at random.
func faults(seeds int) []fault {
	out := []fault{
		{name: "unharmed", make: unharmed, mild: true},
		{name: "only client to server", make: vary.OneWay(true), oneWay: true},
		{name: "only server to client", make: vary.OneWay(false), oneWay: true},
		{name: "snaplen 96", make: vary.Snap(96), mild: true},
		{name: "snaplen 60", make: vary.Snap(60)},
		{name: "microseconds", make: vary.Microseconds, mild: true},
		{name: "on two interfaces", make: copied(0), mild: true},
		{name: "before and behind a router", make: copied(1), mild: true},
		{name: "the clock steps back", make: clockBack(5 * second)},
		{name: "merged by GRO", make: merged, mild: true},
		{name: "2 % overtaken", make: overtaken(50), mild: true},
		{name: "a third overtaken", make: overtaken(3)},
		{name: "2 % late", make: vary.Late(50, 1), warped: true},
		{name: "a fifth late by two", make: vary.Late(5, 2), warped: true},
	}
	add := func(mild bool, f vary.Fault, name string, args ...any) {
		out = append(out, fault{name: fmt.Sprintf(name, args...), make: f, mild: mild})
	}
	for _, tenths := range []int{1, 4, 7, 9} {
		add(false, early(tenths, 10), "ends after %d tenths", tenths)
		add(false, vary.Begun(tenths, 10), "begins after %d tenths", tenths)
		add(false, pause(tenths, 10, 2*second), "nothing for 2 s after %d tenths", tenths)
		add(false, pause(tenths, 10, 15*second), "nothing for 15 s after %d tenths", tenths)
	}
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		out = append(out, fault{name: fmt.Sprintf("1 %% dropped by the kernel, seed %d", seed), make: vary.Lossy(0.01, seed+100), mild: true, told: true})
		add(true, vary.Lossy(0.01, seed), "1 %% not captured, seed %d", seed)
		add(false, vary.Lossy(0.03, seed), "3 %% not captured, seed %d", seed)
		add(false, vary.Lossy(0.20, seed), "20 %% not captured, seed %d", seed)
		add(false, bursts(200, 40, seed), "bursts not captured, seed %d", seed)
	}
	return out
}

// copied captures every packet again on a second interface 5 µs later, behind so
// many routers. The last interface has a twin, see secondInterface.
func copied(hops uint8) vary.Fault { return vary.Copied(vary.Copy{After: 5_000, If: 1, Hops: hops}) }
