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

// blockPages reads lists of block pages, as one. Errors name file and line.
func blockPages(paths []string) (*known.Pages, error) {
	all := new(known.Pages)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		list, err := known.ReadPages(path, bufio.NewReader(f))
		f.Close()
		if err != nil {
			return nil, err
		}
		all.Add(list)
	}
	return all, nil
}
