package classify

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// blocked returns a bundled capture with findings.
func blocked(t *testing.T) []byte {
	t.Helper()
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Name == "whatsapp-reset-race" {
			b, _ := c.File("client.pcapng")
			return b
		}
	}
	t.Fatal("no such case")
	return nil
}

func TestBarrierLetsNobodyPassAlone(t *testing.T) {
	const n, rounds = 3, 200
	b := newBarrier(n)
	var came atomic.Int32
	done := make(chan bool)
	for range n {
		go func() {
			ok := true
			for r := range rounds {
				came.Add(1)
				ok = ok && b.wait() && came.Load() >= int32(n*(r+1))
				ok = ok && b.wait()
			}
			done <- ok
		}()
	}
	for range n {
		if !<-done {
			t.Fatal("somebody passed before all had come")
		}
	}
}

func TestBarrierTellsWhenSomebodyWillNotCome(t *testing.T) {
	b := newBarrier(2)
	done := make(chan bool)
	go func() { done <- b.wait() }()
	b.stop()
	if <-done {
		t.Fatal("waited for nobody and was told all had come")
	}
}

// broken panics at its third batch.
type broken struct {
	capture.Source
	n int
}

func (s *broken) Read(b *capture.Batch) error {
	if s.n++; s.n > 2 {
		panic("a fault of ours")
	}
	return s.Source.Read(b)
}

func TestFaultsSurfaceWhereTheyCanBeRecovered(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, workers := range []int{1, 2, 4} {
		func() {
			defer func() {
				if got := recover(); got != "a fault of ours" {
					t.Errorf("%d workers: recovered %v", workers, got)
				}
			}()
			Run(context.Background(), &broken{Source: open(t, blocked(t), 50)}, newRecorder(), Options{Workers: workers})
			t.Errorf("%d workers: nothing surfaced", workers)
		}()
	}
}

// deaf is a sink that fails at the first finding.
type deaf struct {
	recorder
	told int
}

var errDeaf = errors.New("nobody listens")

func (d *deaf) Finding(*finding.Finding) error {
	d.told++
	return errDeaf
}

func TestSinkErrorsEndTheRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, workers := range []int{1, 3} {
		d := &deaf{}
		_, err := Run(context.Background(), open(t, blocked(t), 20), d, Options{Workers: workers})
		if !errors.Is(err, errDeaf) || d.told != 1 {
			t.Errorf("%d workers: told %d findings, error %v", workers, d.told, err)
		}
	}
}

// endless gives a capture's packets, then waits for the context and gives the
// context's error, as a pipe does that nobody closes.
type endless struct {
	capture.Source
	ctx context.Context
	end chan struct{}
}

func (s *endless) Read(b *capture.Batch) error {
	if s.Source.Read(b) == nil {
		return nil
	}
	close(s.end)
	<-s.ctx.Done()
	return s.ctx.Err()
}

// TestFindingsComeWhileThePipeIsOpen, and the answer when the run is interrupted.
func TestFindingsComeWhileThePipeIsOpen(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(context.Background())
		src := &endless{Source: open(t, blocked(t), 20), ctx: ctx, end: make(chan struct{})}
		rec := newRecorder()
		var early int
		go func() {
			<-src.end
			early = len(rec.order) // the run stands still: it waits for the source
			cancel()
		}()
		_, err := Run(ctx, src, rec, Options{Workers: workers})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: %v", workers, err)
		}
		if workers == 1 && early == 0 {
			t.Error("no finding before the pipe was closed")
		}
		if len(rec.services) == 0 {
			t.Errorf("%d workers: no answer after the interruption", workers)
		}
	}
}
