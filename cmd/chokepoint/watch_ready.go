package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// announce makes the ready file, which is there with its content or not at all,
// and returns what takes it away. Whatever lies at its place is replaced: nothing
// is written through a link.
func announce(path string) (gone func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".chokepoint-*") // mode 0600
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(f, os.Getpid())
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	return func() { os.Remove(path) }, nil
}
