package script

// World is the small internet of one run in simulated time.
type World struct{}
