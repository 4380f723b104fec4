// Package corpora finds the foreign captures that tests compare against: the
// folder that the environment names, which is no part of the project. Without it
// such tests are skipped, and say so. What a folder holds is told by the tables
// in its folder "oracle".
//
//	for _, f := range corpora.Captures(t, ".pcap", ".pcapng") {
//		...
//	}
//
// Package replay, below, reads them.
package corpora

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Env is the variable of the environment that names the folder.
const Env = "CHOKEPOINT_CORPORA"

// Dir returns the folder, or skips the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(Env)
	if dir == "" {
		t.Skip(Env + " is not set: no foreign captures to try this on")
	}
	return dir
}

// Path returns where a file of the corpora is, or skips the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Dir(t), filepath.FromSlash(name))
}

// maxLine is how long a line of a table may be, bytes.
const maxLine = 1 << 20

// Rows reads a table of the oracles, such as "tshark_sni.tsv", without empty
// lines and comments, or skips the test.
func Rows(t testing.TB, table string) (rows [][]string) {
	t.Helper()
	f, err := os.Open(Path(t, "oracle/"+table))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxLine)
	for in.Scan() {
		if line := in.Text(); line != "" && line[0] != '#' {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	if err := in.Err(); err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows: %v", table, len(rows), err)
	}
	return rows
}

// File is one file of the corpora.
type File struct {
	Path string // where it is
	Name string // below the folder, as the tables spell it: with slashes
}

// Base is the last part of the name.
func (f File) Base() string { return filepath.Base(f.Path) }

// Size is the file's, bytes.
func (f File) Size(t testing.TB) int64 {
	t.Helper()
	info, err := os.Stat(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// From reports whether the file is of one of the corpora, "zeek" and the like.
func (f File) From(corpora ...string) bool {
	first, _, _ := strings.Cut(f.Name, "/")
	return slices.Contains(corpora, first)
}

// Usual are the endings of capture files, for [Captures].
var Usual = []string{".pcap", ".pcapng", ".cap"}

// Packed are those and what is compressed with gzip.
var Packed = []string{".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz"}

// Captures lists the files below the folder whose names have one of the endings,
// all files without any, in order of their paths; or skips the test. Not all
// open: some are damaged on purpose, and tables and texts are among all files.
func Captures(t testing.TB, endings ...string) (files []File) {
	t.Helper()
	dir := Dir(t)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if len(endings) > 0 && !slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(path, s) }) {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, File{path, filepath.ToSlash(name)})
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s: %v", len(files), dir, err)
	}
	return files
}
