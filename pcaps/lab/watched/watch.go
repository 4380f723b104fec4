//go:build linux

package watched

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/pcaps/lab/netns"
)

// patience is how long a source may take to deliver what had passed.
const patience = 20 * time.Second

// Seen is what a live source delivered.
type Seen struct {
	Batches []capture.Batch // as they came, those without packets, too; memory of their own
	Stats   capture.Stats
}

// Watcher keeps what a live source delivers.
type Watcher struct {
	src   *live.Source
	now   atomic.Int64 // time reached, ns
	ended chan error
	seen  Seen // the reader's, until it has ended
}

// Watch begins to capture on an interface, by TCX and under the plan of live
// capture. Everything that TCX and the kernel's testimony need must be there: the
// error is that of live.Open or says what is not heard.
func Watch(ns *netns.NS, ifname string) (*Watcher, error) {
	w := &Watcher{ended: make(chan error, 1)}
	err := ns.Do(func() (err error) {
		w.src, err = live.Open(live.Options{Interfaces: []string{ifname}, Backend: live.TCX, Plan: capture.Live})
		return err
	})
	if err != nil {
		return nil, err
	}
	if misses := w.src.Backend().Misses; len(misses) > 0 {
		return nil, errors.Join(fmt.Errorf("live capture does not tell %v", misses), w.src.Close())
	}
	go func() { w.ended <- w.read() }()
	return w, nil
}

// read reads until the source is closed.
func (w *Watcher) read() error {
	var b capture.Batch
	for {
		err := w.src.Read(&b)
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		w.keep(&b)
		w.now.Store(b.Now)
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// keep keeps a copy of a batch.
func (w *Watcher) keep(b *capture.Batch) {
	c := capture.Batch{Packets: slices.Clone(b.Packets), Notes: slices.Clone(b.Notes), Now: b.Now}
	size := 0
	for i := range b.Packets {
		size += len(b.Packets[i].Frame)
	}
	c.Buf = make([]byte, 0, size)
	for i := range c.Packets {
		p := &c.Packets[i]
		from := len(c.Buf)
		c.Buf = append(c.Buf, p.Frame...)
		p.Frame, p.Payload = c.Buf[from:len(c.Buf):len(c.Buf)], nil
	}
	w.seen.Batches = append(w.seen.Batches, c)
}

// Stop ends it. All that passed before the call is in what is returned.
func (w *Watcher) Stop() (*Seen, error) {
	called := time.Now()
	for w.now.Load() <= called.UnixNano() && time.Since(called) < patience {
		select {
		case err := <-w.ended:
			return nil, errors.Join(errors.New("live capture ended by itself"), err, w.src.Close())
		case <-time.After(5 * time.Millisecond):
		}
	}
	late := w.now.Load() <= called.UnixNano()
	if err := errors.Join(w.src.Close(), <-w.ended); err != nil {
		return nil, err
	}
	w.seen.Stats = w.src.Stats()
	if late {
		return nil, fmt.Errorf("live capture is %v late", patience)
	}
	return &w.seen, nil
}
