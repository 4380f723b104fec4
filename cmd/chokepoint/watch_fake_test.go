package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/record"
	"chokepoint/classify"
)

// step is what one Read of a made live source gives.
type step struct {
	now     float64 // packet time it gets to, s after the beginning
	packets int     // one byte each, on the interfaces in turn
	lost    uint64  // so far
	err     error
	do      func() // before it returns
}

// liveBegan is when made live sources begin.
var liveBegan = time.Date(2026, 11, 21, 3, 11, 2, 0, time.UTC)

// made is a live source that goes through its steps, and is idle after them: time
// goes on by a quarter of a second each.
type made struct {
	names  []string
	steps  []step
	now    float64
	stats  capture.Stats
	asked  bool      // since the last Read
	late   uint32    // how many packets a Read that was asked tells of, after the last one that counted
	log    *[]string // of what happened, in order
	closed error     // what Close returns
}

// tooLong is how long idle time may go on before a test is called hung, s.
const tooLong = 100_000

func (m *made) Read(b *capture.Batch) error {
	b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
	s := step{now: m.now + 0.25}
	if len(m.steps) > 0 {
		s, m.steps = m.steps[0], m.steps[1:]
	}
	if m.asked && m.late > 0 {
		b.Notes, m.late, m.asked = append(b.Notes, capture.Note{Kind: capture.NoteDrop, Count: m.late}), 0, false
	}
	if s.now > tooLong {
		return errors.New("nobody has ended the capture")
	}
	m.now = s.now
	b.Now = liveBegan.UnixNano() + int64(s.now*1e9)
	for range s.packets {
		m.stats.Packets++
		b.Packets = append(b.Packets, capture.Packet{Num: m.stats.Packets, Time: b.Now, Frame: []byte{0}, WireLen: 1,
			Link: capture.LinkRaw, If: uint16(m.stats.Packets) % uint16(len(m.names))})
	}
	m.stats.Lost = max(m.stats.Lost, s.lost)
	if s.do != nil {
		s.do()
	}
	*m.log = append(*m.log, "read")
	return s.err
}

func (m *made) Interfaces() (out []capture.Interface) {
	for _, n := range m.names {
		out = append(out, capture.Interface{Name: n, Link: capture.LinkRaw, Snaplen: 4096})
	}
	return out
}

func (m *made) Stats() capture.Stats { return m.stats }
func (m *made) Wake()                {}
func (m *made) Ask()                 { m.asked = true }
func (m *made) Close() error {
	*m.log = append(*m.log, "close")
	return m.closed
}

// livewatch is a watch command over a made source.
type livewatch struct {
	*app
	src            *made
	backend        liveBackend
	wanted         liveWanted
	openErr        error
	stdout, stderr *bytes.Buffer
	log            []string
	reads, writes  []string // that confine was asked for
	recorded       record.Config
}

// newWatch is a watch command whose engine drains the source and then tells what
// tell tells.
func newWatch(tell func(classify.Sink) error, steps ...step) *livewatch {
	w := &livewatch{backend: liveBackend{name: "tcx"}}
	w.app, w.stdout, w.stderr = testApp(nil, tell)
	w.src = &made{steps: steps, log: &w.log}
	w.app.watch = watchDoor{
		interfaces: func() ([]string, error) { return []string{"eth0", "lo", "wlan0"}, nil },
		open: func(l liveWanted) (liveSource, liveBackend, error) {
			w.log = append(w.log, "open")
			w.wanted, w.src.names = l, l.interfaces
			return w.src, w.backend, w.openErr
		},
		record: func(src capture.Source, c record.Config) (capture.Source, error) {
			w.log = append(w.log, "record")
			w.recorded = c
			return src, nil
		},
		confine: func(reads, writes []string) (string, error) {
			w.log = append(w.log, "confine")
			w.reads, w.writes = reads, writes
			return "no capabilities", nil
		},
		size: func(io.Writer) func() (int, int) { return nil },
		keys: func(io.Reader, func(byte)) func() { return nil },
	}
	return w
}

// do runs the command.
func (w *livewatch) do(args ...string) told {
	return w.within(context.Background(), args...)
}

func (w *livewatch) within(ctx context.Context, args ...string) told {
	code := w.run(ctx, append([]string{"watch"}, args...))
	return told{code, w.stdout.String(), w.stderr.String()}
}

// replayed makes the source deliver a capture file instead, as if it were live.
func (w *livewatch) replayed(src capture.Source) {
	open := w.app.watch.open
	w.app.watch.open = func(l liveWanted) (liveSource, liveBackend, error) {
		_, backend, err := open(l)
		return replay{src}, backend, err
	}
	w.app.analyze = classify.Run
}

type replay struct{ capture.Source }

func (replay) Wake() {}
func (replay) Ask()  {}
