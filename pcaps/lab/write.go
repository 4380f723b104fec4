package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/klauspost/compress/zstd"

	"chokepoint/pcaps/lab/tap"
)

// WriteOptions say how a recording is kept.
type WriteOptions struct {
	Compress bool // captures inside zstd, as NAME.zst
	// Slim cuts bulk data, which is opaque, to its headers: what a tool that keeps
	// the openings of flows leaves.
	Slim bool
}

// slim keeps the first payload packets of each flow and direction whole, and of
// later ones the head: of RTP also behind that of TURN or of a call's relay.
var slim = tap.Keep{Whole: 3, Rest: 4, Datagrams: 4, RestDatagram: 36}

// Write writes the captures and truth.yaml into a folder, which is made when it is
// not there. Files can be read by their owner only.
func (r *Recording) Write(dir string, opt WriteOptions) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, b := range r.Files {
		if opt.Slim {
			var err error
			if b, err = thinner(name, b); err != nil {
				return err
			}
		}
		if opt.Compress {
			name += ".zst"
			b = compress(b)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	told, err := yaml.Marshal(&r.Truth)
	if err != nil {
		return fmt.Errorf("truth.yaml: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "truth.yaml"), told, 0o600)
}

// thinner cuts a capture, which keeps its interfaces.
func thinner(name string, b []byte) ([]byte, error) {
	packets, ifs, err := read(name, b)
	if err != nil {
		return nil, err
	}
	return written(slim.Cut(packets), ifs)
}

// compress packs a capture for good: it is written once and read often.
func compress(b []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // an option that does not exist
	}
	return w.EncodeAll(b, nil)
}
