package service

import (
	"io"
	"os"
)

// Load is [LoadFiles] of the files at the paths given.
func Load(extra ...string) (*Rules, error) {
	files := make([]File, 0, len(extra))
	for _, p := range extra {
		data, err := readFile(p)
		if err != nil {
			return nil, err
		}
		files = append(files, File{p, data})
	}
	return LoadFiles(files...)
}

func readFile(p string) ([]byte, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1)) // what is longer is refused, not cut
}
