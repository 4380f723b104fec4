package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Module is the path of the project's module.
const Module = "chokepoint"

// Package is one package, ours or foreign, as "go list" tells of it.
type Package struct {
	ImportPath string
	Dir        string
	Name       string
	Standard   bool     // part of the standard library
	Imports    []string // direct, without those of tests
}

// Graph is all packages of a build by their import path.
type Graph map[string]*Package

// Load lists the packages of the module and all they lean on, as a Linux build
// without cgo has them.
func Load() (Graph, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Name,Standard,Imports", Module+"/...")
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, complaint.Bytes())
	}
	g := Graph{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(Package)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		g[p.ImportPath] = p
	}
}

// ours returns the path inside the module, "capture/decode", or "" for a
// foreign package.
func ours(path string) string {
	if path == Module {
		return "."
	}
	in, ok := strings.CutPrefix(path, Module+"/")
	if !ok {
		return ""
	}
	return in
}

// own lists the module's packages, sorted.
func (g Graph) own() (paths []string) {
	for path := range g {
		if ours(path) != "" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// reach returns what a package leans on: its imports, and those of our packages
// it leans on, each with the chain of packages that leads there. What foreign
// packages import is their business.
func (g Graph) reach(from string) map[string][]string {
	chains := map[string][]string{}
	var walk func(at string, chain []string)
	walk = func(at string, chain []string) {
		p := g[at]
		if p == nil {
			return
		}
		for _, dep := range p.Imports {
			if chains[dep] != nil {
				continue
			}
			chains[dep] = append(slices.Clone(chain), dep)
			if ours(dep) != "" {
				walk(dep, chains[dep])
			}
		}
	}
	walk(from, []string{from})
	return chains
}
