package pcapfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Files lists the capture files directly in a directory, by the first bytes of
// their content, sorted by name. Files that cannot be read, are empty, or are of
// a format refused by name are reported in the error, joined; the list is valid
// beside it. Everything that is no regular file is passed over.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var files []string
	var faults []error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		ok, err := isCapture(path)
		if err != nil {
			faults = append(faults, err)
		}
		if ok {
			files = append(files, path)
		}
	}
	return files, errors.Join(faults...)
}

// isCapture looks at the start of a file. It returns no error for one that is
// plainly something else.
func isCapture(path string) (bool, error) {
	info, err := os.Stat(path) // follows links, and opens no named pipe
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	k, err := contentKind(f)
	var foreign *ForeignError
	switch {
	case err == nil:
		return k == pcapKind || k == pcapngKind, nil
	case errors.Is(err, ErrNotCapture) && !errors.As(err, &foreign):
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", path, err)
}

// contentKind identifies a file, looking into a compressed one.
func contentKind(f io.Reader) (kind, error) {
	outer, head, err := sniff(f)
	if err != nil || outer != gzipKind && outer != zstdKind {
		return outer, err
	}
	z, release, err := decompress(outer, head, f)
	if err != nil {
		return unknown, streamError(outer, err)
	}
	defer release()
	inner, _, err := sniff(z)
	if err != nil && !errors.Is(err, ErrNotCapture) {
		err = streamError(outer, err)
	}
	return inner, err
}
