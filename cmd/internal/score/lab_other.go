//go:build !linux

package main

import (
	"errors"

	"chokepoint/pcaps"
)

// fresh would play the lab's scenarios.
func fresh(uint64) ([]pcaps.Case, error) { return nil, errors.New("the lab needs Linux") }
