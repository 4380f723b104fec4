//go:build !linux

package main

import (
	"errors"
	"os"
)

func openLab() labDoor {
	return labDoor{
		scenes:   func() ([]scene, error) { return nil, errors.New("the lab needs Linux network namespaces") },
		rootless: func() bool { return false },
		program:  os.Args[0],
	}
}
