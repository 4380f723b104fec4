//go:build linux

package live

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// threadNetns is the network namespace of the calling thread.
const threadNetns = "/proc/thread-self/ns/net"

// place is a thread that stays in the network namespace in which it was made:
// interface indices mean nothing elsewhere, and a goroutine may run anywhere.
type place struct {
	work chan func()
	gone chan struct{}
}

// here makes a place in the namespace of the calling thread.
func here() (*place, error) {
	fd, err := unix.Open(threadNetns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("the network namespace: %s: %w", threadNetns, err)
	}
	defer unix.Close(fd)
	p := &place{work: make(chan func()), gone: make(chan struct{})}
	ready := make(chan error)
	go p.stay(fd, netnsInode(), ready)
	if err := <-ready; err != nil {
		<-p.gone
		return nil, err
	}
	return p, nil
}

// stay does the work. A thread that was taken into another namespace ends with it.
func (p *place) stay(fd int, want uint32, ready chan<- error) {
	runtime.LockOSThread()
	if netnsInode() == want {
		defer runtime.UnlockOSThread()
	} else {
		if unix.Gettid() == unix.Getpid() {
			// The first thread stands for the process in /proc/self. While it is
			// locked here, the goroutine that replaces this one gets another.
			done := make(chan struct{})
			go func() { defer close(done); p.stay(fd, want, ready) }()
			<-done
			runtime.UnlockOSThread()
			return
		}
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			close(p.gone)
			ready <- fmt.Errorf("enter the network namespace: %w", err)
			return
		}
	}
	defer close(p.gone)
	ready <- nil
	for f := range p.work {
		f()
	}
}

// do runs f on the thread and waits for it.
func (p *place) do(f func()) {
	done := make(chan struct{})
	p.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// leave ends the thread. Nothing may be done there any more.
func (p *place) leave() {
	close(p.work)
	<-p.gone
}
