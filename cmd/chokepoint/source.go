package main

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/capture/plan"
)

// fileSource is what package pcapfile gives.
type fileSource interface {
	capture.Source
	Progress() (done, total int64)
}

// source is an opened input. Its first batch is read ahead, since the meta
// record comes before everything and pcapng describes its interfaces on the way.
type source struct {
	fileSource
	mu      sync.Mutex // Read against locate, which a report calls meanwhile
	ahead   capture.Batch
	err     error // that came with ahead
	waiting bool  // ahead was not handed out yet
	packets atomic.Uint64
	joined  *pcapfile.Joined // or nil
	closers []func() error   // what the source stands on, outermost first
}

// asLive is a capture of which only what a live one delivers is read.
type asLive struct {
	*plan.Source
	file fileSource
}

// Progress says how far reading has come, bytes of the file.
func (a asLive) Progress() (done, total int64) { return a.file.Progress() }

// open opens an input and reads its first packets, cut to the plan of live
// capture if live. It returns when they are there, or ctx is cancelled.
func (in input) open(ctx context.Context, stdin io.Reader, live bool) (*source, error) {
	s := &source{waiting: true}
	if err := s.open(ctx, in, stdin); err != nil {
		s.close()
		return nil, err
	}
	if live {
		s.fileSource = asLive{plan.New(s.fileSource, capture.Live), s.fileSource}
	}
	s.closers = append([]func() error{s.fileSource.Close}, s.closers...)
	s.err = s.fileSource.Read(&s.ahead)
	return s, nil
}

func (s *source) open(ctx context.Context, in input, stdin io.Reader) (err error) {
	switch {
	case in.files != nil:
		s.joined, err = pcapfile.OpenJoined(in.files, pcapfile.Options{})
		s.fileSource = s.joined
		return err
	case in.name == stdinName:
		return s.read(ctx, stdin, "standard input")
	}
	f, err := os.Open(in.name)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, f.Close)
	return s.read(ctx, f, in.name)
}

// read reads a capture from what may keep us waiting, a pipe; then the end of
// ctx ends the wait. A regular file never does, and reads faster as it is.
func (s *source) read(ctx context.Context, r io.Reader, name string) (err error) {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.fileSource, err = pcapfile.New(r, name, pcapfile.Options{})
			return err
		}
	}
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	s.closers = append(s.closers, out.Close, func() error { stop(); return nil })
	s.fileSource, err = pcapfile.New(out, name, pcapfile.Options{})
	return err
}

// Close implements capture.Source. Nothing was written, so a failure to close
// loses nothing.
func (s *source) Close() error {
	s.close()
	return nil
}

func (s *source) close() {
	for _, c := range s.closers {
		_ = c()
	}
}

// Read implements capture.Source.
func (s *source) Read(b *capture.Batch) (err error) {
	if s.waiting {
		s.waiting = false
		*b, s.ahead, err = s.ahead, capture.Batch{}, s.err
	} else {
		s.mu.Lock()
		err = s.fileSource.Read(b)
		s.mu.Unlock()
	}
	s.packets.Add(uint64(len(b.Packets)))
	return err
}

// locate says which of the joined files a packet is from, and its number there.
func (s *source) locate(num uint64) (file string, n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joined.FileOf(num)
}
