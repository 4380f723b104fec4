//go:build linux

package offloads

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/pcaps/lab/netns"
)

var backends = []string{live.TCX, live.Clsact, live.AFPacket}

// watcher keeps what a live source delivers until it is taken.
type watcher struct {
	at, backend string
	src         *live.Source
	ended       chan error

	mu      sync.Mutex
	packets []capture.Packet
	now     int64

	lost uint64 // packets, as of the last take
}

// watch begins to watch a host's interface.
func watch(t *testing.T, ns *netns.NS, ifname, backend string) *watcher {
	t.Helper()
	w := &watcher{at: ns.Name(), backend: backend, ended: make(chan error, 1)}
	err := ns.Do(func() (err error) {
		w.src, err = live.Open(live.Options{Interfaces: []string{ifname}, Backend: backend, Plan: capture.Live})
		return err
	})
	var u *bpf.Unavailable
	if errors.As(err, &u) {
		without(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { w.ended <- w.read() }()
	t.Cleanup(func() {
		if err := errors.Join(w.src.Close(), <-w.ended); err != nil {
			t.Errorf("%s %s: %v", w.at, w.backend, err)
		}
	})
	return w
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
		w.now = max(w.now, b.Now)
		w.mu.Unlock()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		}
	}
}

// patience is how long anything may take.
const patience = 20 * time.Second

// poll waits until something is so.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for ", what)
		}
	}
}

// take returns what came up to a time, and how many packets were lost meanwhile.
func (w *watcher) take(t *testing.T, end time.Time) (got []capture.Packet, lost uint64) {
	t.Helper()
	poll(t, w.at+" "+w.backend, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now > end.UnixNano()
	})
	s := w.src.Stats()
	lost, w.lost = s.Lost+s.Dropped+s.Unseen-w.lost, s.Lost+s.Dropped+s.Unseen
	w.mu.Lock()
	defer w.mu.Unlock()
	got, w.packets = w.packets, nil
	for i := range got {
		got[i].Num = uint64(i + 1)
	}
	return got, lost
}
