// Package recorded is recordings of the lab: real stacks, and a middlebox that did
// something to their traffic, or nothing. Each has a folder of its own.
//
// It is for tests and for the score; the program itself does not carry them.
package recorded

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"chokepoint/pcaps"
	"chokepoint/pcaps/truth"
)

//go:embed *
var folders embed.FS

// All returns all recordings, sorted by name; there may be none. Captures are inside
// zstd, which package pcapfile reads as they are, and have the names that truths
// call them by: client.pcapng.
func All() ([]pcaps.Case, error) { return load(folders) }

// load takes each folder for a recording.
func load(from fs.FS) (out []pcaps.Case, err error) {
	dirs, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		c, err := recording(from, d.Name())
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", d.Name(), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func recording(from fs.FS, name string) (pcaps.Case, error) {
	c := pcaps.Case{Name: name}
	files, err := fs.ReadDir(from, name)
	if err != nil {
		return c, err
	}
	told := false
	for _, f := range files {
		b, err := fs.ReadFile(from, path.Join(name, f.Name()))
		if err != nil {
			return c, err
		}
		switch plain := strings.TrimSuffix(f.Name(), ".zst"); {
		case strings.HasSuffix(plain, ".pcapng"):
			c.Files = append(c.Files, pcaps.File{Name: plain, Bytes: b})
		case plain == "want.jsonl":
			c.Want = b
		case plain == "truth.yaml":
			told = true
			if c.Truth, err = truth.Parse(b); err != nil {
				return c, err
			}
		}
	}
	if _, ok := c.File("client.pcapng"); !ok || !told {
		return c, fmt.Errorf("a recording has client.pcapng and truth.yaml: %d captures, truth %v", len(c.Files), told)
	}
	return c, nil
}
