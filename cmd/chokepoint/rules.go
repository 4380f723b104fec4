package main

import (
	"io"
	"os"

	"chokepoint/classify/service"
)

// loadRules returns the embedded rules, with rule files and servers of the
// user's own after them.
func loadRules(paths, mine []string) (*service.Rules, error) {
	rules, err := rulesOf(paths)
	if err != nil {
		return nil, err
	}
	if len(mine) == 0 {
		return rules, nil
	}
	return rules.WithMine(mine)
}

// rulesOf compiles rule files over the embedded ones.
func rulesOf(paths []string) (*service.Rules, error) {
	if len(paths) == 0 {
		return service.Default(), nil
	}
	files := make([]service.File, len(paths))
	for i, path := range paths {
		data, err := readRules(path)
		if err != nil {
			return nil, err
		}
		files[i] = service.File{Name: path, Data: data}
	}
	return service.LoadFiles(files...)
}

// readRules reads a rule file, or one byte more than service takes, which it
// refuses: what is too long is not cut.
func readRules(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, service.MaxFile+1))
}
