package lab

import (
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/lab/tap"
	"chokepoint/pcaps/truth"
)

// Scenario is one line of thought: a small internet, one thing done to it or
// nothing, and what follows for a tool that sees only the packets.
type Scenario struct {
	Name  string   // "reset-race-after-hello"; also of the folder that it is recorded in
	Cases []string // lines of scenes/MATRIX.md that it covers: "F2", "B18", "P1"
	// Truth is what does not depend on how it was played: what and where, vantages,
	// services, findings, ceilings. Play adds when, and which packets.
	Truth truth.Truth
	Lasts time.Duration // how long it plays
	Needs []string      // commands besides root: "nft"

	// Remake has the recording taken by somebody else, nil as it was: see [Remake].
	Remake Remake

	// One of these is set.
	Play   func(*World)        // with real stacks
	Script func(*script.World) // in simulated time
}

// Benign reports whether nothing interferes in the scenario.
func (s *Scenario) Benign() bool { return s.Truth.Benign() }

// takes is how long one waits for it.
func (s *Scenario) takes() time.Duration {
	if s.Play == nil {
		return 0
	}
	return s.Lasts
}

// Recording is what came of playing a scenario.
type Recording struct {
	Scenario *Scenario
	Seed     uint64
	Files    map[string][]byte // client.pcapng and, where the server's side matters, server.pcapng
	Truth    truth.Truth       // complete
	Notes    []string          // what the hosts met, as "web.whatsapp.com: connection reset by peer"
	// Taken is what the recorders of both hosts took down, before anything of it was
	// cut, left out or remade; nil in simulated time.
	Taken map[string]tap.Capture
	Late  Lateness // how well the machine kept up with it; the zero value in simulated time
}
