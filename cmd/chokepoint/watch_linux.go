package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"chokepoint/capture"
	caplive "chokepoint/capture/live"
	"chokepoint/cmd/internal/confine"
)

func openWatch() watchDoor {
	return watchDoor{
		interfaces: interfaceNames, open: openLive, record: openRecord, confine: giveUp, size: terminalSize, keys: readKeys,
		broom: openBroom,
	}
}

func openLive(w liveWanted) (liveSource, liveBackend, error) {
	src, err := caplive.Open(caplive.Options{Interfaces: w.interfaces, Backend: w.backend, Plan: capture.Live, Notice: w.notice})
	if err != nil {
		return nil, liveBackend{}, err
	}
	b := src.Backend()
	l := liveBackend{name: b.Name, misses: b.Misses, why: b.Why}
	if l.name != caplive.Clsact {
		return src, l, nil
	}
	by, err := startSweeper(w.interfaces)
	if err != nil { // the next start sweeps in any case
		l.misses = append(l.misses, fmt.Sprintf("%s (%v)", stays, err))
		return src, l, nil
	}
	return swept{src, by}, l, nil
}

// giveUp implements [watchDoor].confine.
func giveUp(read, write []string) (string, error) {
	r, err := confine.Drop(confine.Allow{Read: read, Write: write})
	return r.String(), err
}

// terminalSize implements [watchDoor].size.
func terminalSize(w io.Writer) func() (columns, rows int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func() (int, int) {
		columns, rows, err := term.GetSize(int(f.Fd()))
		if err != nil || columns == 0 || rows == 0 {
			return 80, 25 // it does not say
		}
		return columns, rows
	}
}
