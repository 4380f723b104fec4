// Package recorded is recordings of the lab: real stacks, and a middlebox that did
// something to their traffic, or nothing. Each has a folder of its own.
//
// It is for tests and for the score; the program itself does not carry them.
package recorded

import (
	"embed"

	"chokepoint/pcaps"
)

//go:embed *
var folders embed.FS

// All returns all recordings, sorted by name.
func All() ([]pcaps.Case, error) { return pcaps.Load(folders) }
