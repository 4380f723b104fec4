//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/live"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// patience is how long anything may take that takes no time, on a busy machine.
const patience = 60 * time.Second

// without skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func without(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// pair is two hosts on a cable.
func pair(t *testing.T) *mishap.Pair {
	t.Helper()
	if lacks := netns.Missing(); len(lacks) > 0 {
		without(t, "needs "+strings.Join(lacks, ", "))
	}
	p, err := mishap.Lay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// watch is a live source with an engine behind it.
type watch struct {
	t    *testing.T
	src  *live.Source
	done chan error

	mu      sync.Mutex
	until   int64 // packet time at which it ends; 0: not yet
	asked   bool  // the latest Read was asked for everything
	now     int64 // packet time reached
	packets map[uint64]packet
	bytes   int // of payload
	lossy   bool
	notes   []capture.Note

	flows    []flow
	findings map[string]finding.Finding
	services []answer.Service
	stats    classify.Stats
	told     map[string]bool // kinds and verdicts of every revision
}

// packet is what is remembered of one.
type packet struct {
	key      capture.Key
	flags    uint16
	ttl      uint8
	seq, ack uint32
}

// flow is what is remembered of one that was told.
type flow struct {
	id       string
	key      capture.Key
	service  string
	local    *fact.Local
	findings []string
	whyNot   []string // codes that stopped the detector of resets
}

// begin watches a host of a pair; servers are those of the service.
func begin(t *testing.T, host *netns.NS, backend string, servers ...netip.AddrPort) *watch {
	t.Helper()
	w := &watch{t: t, done: make(chan error, 1), packets: map[uint64]packet{}, findings: map[string]finding.Finding{}, told: map[string]bool{}}
	err := host.Do(func() (err error) {
		w.src, err = live.Open(live.Options{Interfaces: []string{mishap.Interface}, Backend: backend, Plan: capture.Live})
		return err
	})
	var lacks *bpf.Unavailable
	if errors.As(err, &lacks) {
		without(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	if b := w.src.Backend(); len(b.Misses) > len(wontTell[backend]) {
		t.Errorf("%s: %q", b.Name, b.Misses)
	}
	var declared []string
	for _, a := range servers {
		declared = append(declared, a.String()+"="+mine)
	}
	rules, err := service.Default().WithMine(declared)
	if err != nil {
		t.Fatal(err)
	}
	opt := classify.Options{All: true, Interval: time.Second, Rules: rules}
	go func() {
		var err error
		w.stats, err = classify.Run(context.Background(), w, w, opt)
		w.done <- err
	}()
	t.Cleanup(func() { w.src.Close() })
	return w
}

// wontTell is what a backend says that it misses: all else works.
var wontTell = map[string][2]string{live.Clsact: {}, live.AFPacket: {}}

// Read implements capture.Source: it remembers, and ends when it is told to.
func (w *watch) Read(b *capture.Batch) error {
	w.mu.Lock()
	ending, over := w.until != 0, w.asked && w.now > w.until
	w.asked = ending
	w.mu.Unlock()
	if ending {
		w.src.Ask() // for what the kernel has only counted by now
	}
	if over {
		b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
		return io.EOF
	}
	err := w.src.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = max(w.now, b.Now)
	var dec decode.Decoder
	for i := range b.Packets {
		p := b.Packets[i]
		dec.Decode(&p)
		w.bytes += int(p.PayloadLen)
		if len(w.packets) < 10_000 {
			w.packets[p.Num] = packet{key: p.Key, flags: p.Flags, ttl: p.TTL, seq: p.Seq, ack: p.Ack}
		}
	}
	w.notes = append(w.notes, b.Notes...)
	return err
}

// Interfaces implements capture.Source.
func (w *watch) Interfaces() []capture.Interface { return w.src.Interfaces() }

// Stats implements capture.Source.
func (w *watch) Stats() capture.Stats { return w.src.Stats() }

// Close implements capture.Source.
func (w *watch) Close() error { return w.src.Close() }

// Flow implements classify.Sink.
func (w *watch) Flow(f *fact.Flow, ids []string) error {
	x := flow{id: f.ID.String(), key: f.Key, service: f.Label.Service, findings: slices.Clone(ids)}
	for _, r := range (detect.ResetInjected{}).Judge(f, &fact.World{}).Stopped {
		x.whyNot = append(x.whyNot, r.Code)
	}
	if f.Local != nil {
		l := *f.Local
		x.local = &l
	}
	w.flows = append(w.flows, x)
	return nil
}

// Finding implements classify.Sink.
func (w *watch) Finding(f *finding.Finding) error {
	w.findings[f.ID] = *f
	w.told[fmt.Sprintf("%s %s", f.Kind, f.Verdict)] = true
	return nil
}

// Service implements classify.Sink.
func (w *watch) Service(s *answer.Service) error {
	w.services = append(w.services, *s)
	return nil
}

// end waits for so much packet time to pass, and ends it.
func (w *watch) end(silence time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	w.until = time.Now().Add(silence).UnixNano()
	w.mu.Unlock()
	select {
	case err := <-w.done:
		if err != nil {
			w.t.Error(err)
		}
	case <-time.After(patience):
		w.t.Fatal("it does not end")
	}
	if s := w.src.Stats(); s.Lost+s.Dropped+s.Unseen > 0 && !w.lossy {
		w.t.Errorf("the capture is not whole: %+v", s)
	}
	if err := w.src.Close(); err != nil {
		w.t.Error(err)
	}
}

// waitFor waits until something is so.
func (w *watch) waitFor(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		ok := so()
		w.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("in vain waited for %s", what)
		}
	}
}
