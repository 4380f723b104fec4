package main

import (
	"bufio"
	"os"

	"chokepoint/classify/known"
)

// forgedIPs reads the user's list of forged addresses; none has no path.
func forgedIPs(path string) (*known.IPs, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no list is an empty one
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return known.ReadIPs(path, bufio.NewReader(f))
}
