//go:build linux

package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/live"
)

// watcher keeps what a live source delivers until it is taken.
type watcher struct {
	name  string
	src   *live.Source
	ended chan error

	mu      sync.Mutex
	packets []capture.Packet
	taken   uint64 // packets taken so far
}

// watch begins to watch the rig.
func watch(r *Rig, backend string) (*watcher, error) {
	w := &watcher{name: backend, ended: make(chan error, 1)}
	err := r.Near.Do(func() (err error) {
		w.src, err = live.Open(live.Options{Interfaces: []string{Watched}, Backend: backend, Plan: capture.Live})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", backend, err)
	}
	if got := w.src.Backend().Name; got != backend {
		return nil, fmt.Errorf("asked for %s, got %s", backend, got)
	}
	go func() { w.ended <- w.read() }()
	return w, nil
}

// read reads until the source is closed.
func (w *watcher) read() error {
	var b capture.Batch
	for {
		err := w.src.Read(&b)
		w.mu.Lock()
		for _, p := range b.Packets {
			p.Frame, p.Payload = slices.Clone(p.Frame), nil
			w.packets = append(w.packets, p)
		}
		w.mu.Unlock()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		}
	}
}

// patience is how long a watcher may take to deliver what was sent.
const patience = 20 * time.Second

// take waits for n packets and returns what came, numbered from 1.
func (w *watcher) take(n int) []capture.Packet {
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		w.mu.Lock()
		enough := len(w.packets) >= n
		w.mu.Unlock()
		if enough {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.packets
	w.packets = nil
	for i := range got {
		got[i].Num -= w.taken
	}
	w.taken += uint64(len(got))
	return got
}

// close ends it and returns what it had lost.
func (w *watcher) close() (capture.Stats, error) {
	stats := w.src.Stats()
	err := w.src.Close()
	return stats, errors.Join(err, <-w.ended)
}
