package decode

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"chokepoint/capture"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// record is one packet of a capture file.
type record struct {
	link  capture.LinkType
	frame []byte
	wire  int
}

// corpora returns the folder of foreign captures, or skips the test.
func corpora(t *testing.T) string {
	dir := os.Getenv("CHOKEPOINT_CORPORA")
	if dir == "" {
		t.Skip("CHOKEPOINT_CORPORA is not set: no foreign captures to compare over")
	}
	return dir
}

// walkCorpora calls fn for each packet of each capture file under dir that
// gopacket can read, and returns how many files gave packets.
func walkCorpora(t *testing.T, dir string, fn func(path string, n int, r record)) (files int) {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".pcap", ".pcapng", ".cap", ".ntar", ".dmp":
			if readFile(path, func(n int, r record) { fn(path, n, r) }) > 0 {
				files++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readFile reads until the file ends, breaks, or breaks the reader, whose
// panics are not ours to judge.
func readFile(path string, fn func(n int, r record)) (n int) {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	next, err := openCapture(f)
	for err == nil {
		var r record
		if r, err = safely(next); err == nil {
			n++
			fn(n, r)
		}
	}
	return n
}

var errPanic = errors.New("reader panicked")

func safely(next func() (record, error)) (r record, err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return next()
}

func openCapture(f io.ReadSeeker) (next func() (record, error), err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	if r, err := pcapgo.NewReader(f); err == nil {
		return func() (record, error) {
			b, ci, err := r.ReadPacketData()
			return record{linkType(r.LinkType()), b, ci.Length}, err
		}, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	opts := pcapgo.NgReaderOptions{WantMixedLinkType: true}
	ng, err := pcapgo.NewNgReader(f, opts)
	if err != nil {
		return nil, err
	}
	return func() (record, error) {
		b, ci, err := ng.ReadPacketData()
		if err != nil {
			return record{}, err
		}
		return record{linkType(ci.AncillaryData[0].(layers.LinkType)), b, ci.Length}, nil
	}, nil
}
