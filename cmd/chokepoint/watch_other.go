//go:build !linux

package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
)

func openWatch() watchDoor {
	return watchDoor{
		interfaces: interfaceNames,
		open: func(liveWanted) (liveSource, liveBackend, error) {
			return nil, liveBackend{}, fmt.Errorf("listening on an interface needs Linux, and this is %s; record with tcpdump and give the file to analyze: %w",
				runtime.GOOS, errors.ErrUnsupported)
		},
		record:  openRecord,
		confine: func([]string, []string) (string, error) { return "", errors.ErrUnsupported },
		size:    func(io.Writer) func() (int, int) { return nil },
		keys:    func(io.Reader, func(byte)) func() { return nil },
		broom:   func(int, []int) (func() error, error) { return nil, errors.ErrUnsupported },
	}
}
