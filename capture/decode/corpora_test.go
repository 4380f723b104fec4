package decode

import (
	"errors"
	"io"
	"os"
	"testing"

	"chokepoint/capture"
	"chokepoint/internal/corpora"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// record is one packet of a capture file.
type record struct {
	link  capture.LinkType
	frame []byte
	wire  int
}

// walkCorpora calls fn for each packet of each foreign capture that gopacket can
// read, and returns how many files gave packets.
func walkCorpora(t *testing.T, fn func(path string, n int, r record)) (files int) {
	for _, f := range corpora.Captures(t, append([]string{".ntar", ".dmp"}, corpora.Usual...)...) {
		if readFile(f.Path, func(n int, r record) { fn(f.Path, n, r) }) > 0 {
			files++
		}
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
