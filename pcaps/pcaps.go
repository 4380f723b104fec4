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
func Cases() ([]Case, error) {
	dirs, err := folders.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var out []Case
	for _, d := range dirs {
		c, err := load(d.Name())
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", d.Name(), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func load(name string) (Case, error) {
	c := Case{Name: name}
	files, err := folders.ReadDir(name)
	if err != nil {
		return c, err
	}
	for _, f := range files {
		b, err := fs.ReadFile(folders, path.Join(name, f.Name()))
		if err != nil {
			return c, err
		}
		switch {
		case strings.HasSuffix(f.Name(), ".pcapng"):
			c.Files = append(c.Files, File{f.Name(), b})
		case f.Name() == "want.jsonl":
			c.Want = b
		case f.Name() == "truth.yaml":
			if c.Truth, err = truth.Parse(b); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}
