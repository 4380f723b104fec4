package record

import (
	"errors"
	"fmt"

	"chokepoint/capture"
)

// Config says what to keep and where.
type Config struct {
	Path    string // of the file; rotated ones get -1, -2 ... before the extension
	Payload bool   // keep payload too, as far as it was delivered; otherwise headers only
	MaxSize int64  // bytes of a file before the next is begun, 0: 100 MiB
	Keep    int    // files that are kept, the oldest goes first, 0: 10
	// Notice is told, in one sentence, that recording has stopped and why. nil:
	// Close returns it.
	Notice func(string)
}

// What a Config leaves open.
const (
	defaultSize = 100 << 20
	defaultKeep = 10
)

// Source passes on what another source delivers, and keeps it.
type Source struct {
	capture.Source
	ring   *ring // nil: recording has stopped
	cut    cutter
	whole  bool
	now    int64 // packet time reached
	notice func(string)
	err    error // that recording stopped with, and nobody was told
	folder folder
}

var _ capture.Source = (*Source)(nil)

// New begins the first file. It fails where there is one of that name: it is not
// for us to throw away.
func New(src capture.Source, c Config) (*Source, error) {
	dir, name := split(c.Path)
	f, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("record to %s: %w", c.Path, err)
	}
	s, err := begin(src, c, f, name)
	if err != nil {
		_ = f.Close() // nothing was made in it
		return nil, fmt.Errorf("record to %s: %w", c.Path, err)
	}
	return s, nil
}

// begin begins the first file, in a folder.
func begin(src capture.Source, c Config, f folder, name string) (*Source, error) {
	if c.MaxSize <= 0 {
		c.MaxSize = defaultSize
	}
	if c.Keep <= 0 {
		c.Keep = defaultKeep
	}
	r := &ring{folder: f, name: name, max: c.MaxSize, keep: c.Keep}
	if err := r.first(src); err != nil {
		return nil, err
	}
	return &Source{Source: src, ring: r, whole: c.Payload, notice: c.Notice, folder: f}, nil
}

// Read implements [capture.Source]. The batch is as the source gave it; when Read
// returns, its packets are in the file.
func (s *Source) Read(b *capture.Batch) error {
	err := s.Source.Read(b)
	s.now = max(s.now, b.Now)
	if s.ring == nil || len(b.Packets) == 0 {
		return err
	}
	if failed := s.keep(b); failed != nil {
		s.stop(failed)
	}
	return err
}

// keep writes the packets of a batch.
func (s *Source) keep(b *capture.Batch) error {
	for i := range b.Packets {
		p := &b.Packets[i]
		n := len(p.Frame)
		if !s.whole {
			n = s.cut.headers(p)
		}
		s.now = max(s.now, p.Time)
		if err := s.ring.write(s.Source, p, n, s.now); err != nil {
			return err
		}
	}
	return s.ring.flush()
}

// stop ends recording for good and says so.
func (s *Source) stop(cause error) {
	name := s.ring.abandon()
	s.ring = nil
	cause = fmt.Errorf("recording to %s has stopped, the capture goes on: %w", name, cause)
	if s.notice == nil {
		s.err = cause
		return
	}
	s.notice(cause.Error())
}

// Close ends the file and closes the source.
func (s *Source) Close() error {
	err := s.err
	if s.ring != nil {
		if err = s.ring.end(s.Source, s.now); err != nil {
			err = fmt.Errorf("end the recording %s: %w", s.ring.current(), err)
		}
		s.ring = nil
	}
	s.err = nil
	return errors.Join(err, s.folder.Close(), s.Source.Close())
}
