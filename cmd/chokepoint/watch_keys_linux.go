package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// keyWait is how long a look for a key takes, ms: how late it is noticed that
// nobody wants any more.
const keyWait = 200

// readKeys implements [watchDoor].keys. Keys come one by one and are not shown;
// signals and the terminal's treatment of line ends stay, so that Ctrl-C works and
// other output looks as ever. A process in the background has no keys: to change
// the terminal would stop it.
func readKeys(r io.Reader, pressed func(byte)) (leave func()) {
	f, ok := r.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	fd := int(f.Fd())
	if front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || front != unix.Getpgrp() {
		return nil
	}
	before, err := term.GetState(fd)
	if err != nil {
		return nil
	}
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil
	}
	mode.Lflag &^= unix.ICANON | unix.ECHO
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	if unix.IoctlSetTermios(fd, unix.TCSETS, mode) != nil {
		return nil
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		listen(fd, quit, pressed)
	}()
	return sync.OnceFunc(func() {
		_ = term.Restore(fd, before) // a terminal that went away needs none
		close(quit)
		<-done
	})
}

// listen reads keys until quit is closed or the terminal goes away.
func listen(fd int, quit <-chan struct{}, pressed func(byte)) {
	for {
		select {
		case <-quit:
			return
		default:
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, keyWait)
		switch {
		case err == unix.EINTR, err == nil && n == 0:
			continue
		case err != nil, ready[0].Revents&unix.POLLIN == 0:
			return
		}
		var key [1]byte
		if n, err := unix.Read(fd, key[:]); err == unix.EINTR {
			continue
		} else if err != nil || n == 0 {
			return
		}
		pressed(key[0])
	}
}
