// Package pcaps is the bundled captures: one folder per case with what was
// recorded, what is true of it and what the tool should make of it. They are
// played, not taken from anybody's line: see packages synth and story.
//
// It is for tests; the program itself does not carry them.
package pcaps

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"chokepoint/pcaps/truth"
)

//go:generate go run ./synth/record -d .

// Case folders have a hyphen in their name, packages have none.
//
//go:embed *-*
var folders embed.FS

// File is one capture of a case.
type File struct {
	Name  string // client.pcapng, server.pcapng
	Bytes []byte
}

// Case is one bundled case.
type Case struct {
	Name  string // of its folder
	Files []File // by name
	Truth truth.Truth
	// Want is what analyze --json says of client.pcapng, nil when that has not
	// been recorded.
	Want []byte
}

// File returns the capture of that name.
func (c *Case) File(name string) ([]byte, bool) {
	for _, f := range c.Files {
		if f.Name == name {
			return f.Bytes, true
		}
	}
	return nil, false
}

// Cases returns all cases, sorted by name.
func Cases() ([]Case, error) { return Load(folders) }

// Load takes each folder for a case, sorted by name. Captures may be inside zstd,
// which package pcapfile reads as they are; they have the names that truths call
// them by.
func Load(from fs.FS) (out []Case, err error) {
	dirs, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		c, err := load(from, d.Name())
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", d.Name(), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func load(from fs.FS, name string) (Case, error) {
	c := Case{Name: name}
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
			c.Files = append(c.Files, File{plain, b})
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
		return c, fmt.Errorf("it has no client.pcapng or no truth.yaml: %d captures, truth %v", len(c.Files), told)
	}
	return c, nil
}
