//go:build !linux

package main

import (
	"errors"

	"chokepoint/pcaps"
	"chokepoint/pcaps/score/beside"
)

// fresh would play the lab's scenarios.
func fresh(uint64, func(string) bool, *beside.Report) ([]pcaps.Case, error) {
	return nil, errors.New("the lab needs Linux")
}
