package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/capture/live"
)

// received is what a receiver says at its end.
type received struct {
	Packets, Lost, Unseen uint64
	Measured              uint64        // packets behind the first warm ones
	User, System          time.Duration // for those
}

// warm is how many packets pass before it is measured what they take: buffers have
// grown and the ring has been written once all over. Who gets fewer measures all.
const warm = 150_000

// readyLine is what a receiver says first.
const readyLine = "ready"

// receive takes packets from an interface, and does nothing with them, until its
// standard input ends and no more come. It rests between two reads.
func receive(ifname, backend string, rest time.Duration) error {
	s, err := live.Open(live.Options{Interfaces: []string{ifname}, Backend: backend, Plan: capture.Live})
	if err != nil {
		return err
	}
	defer s.Close()
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		over.Store(true)
	}()
	fmt.Println(readyLine)
	got, err := drain(s, &over, rest)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

// drain reads until it is over and there is nothing left.
func drain(s capture.Source, over *atomic.Bool, rest time.Duration) (got received, err error) {
	var b capture.Batch
	var skipped uint64
	before, err := own()
	for err == nil {
		last := over.Load()
		if err = s.Read(&b); err != nil {
			break
		}
		got.Packets += uint64(len(b.Packets))
		if last && len(b.Packets) == 0 {
			break
		}
		if skipped == 0 && got.Packets >= warm {
			skipped = got.Packets
			before, err = own()
		}
		if !last {
			time.Sleep(rest)
		}
	}
	after, failed := own()
	used, st := after.less(before), s.Stats()
	got.Lost, got.Unseen = st.Lost+st.Dropped, st.Unseen
	got.Measured, got.User, got.System = got.Packets-skipped, used.User, used.System
	return got, errors.Join(err, failed)
}

// own is what this process has spent.
func own() (spent, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return spent{}, fmt.Errorf("getrusage: %w", err)
	}
	return spent{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}, nil
}
