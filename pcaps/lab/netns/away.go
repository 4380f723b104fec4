package netns

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// here is the network namespace of the calling thread. That of the process,
// /proc/self/ns/net, is its first thread's.
const here = "/proc/thread-self/ns/net"

var errGone = errors.New("netns: the function ended its goroutine")

// away runs f on a thread that enter has taken to another namespace, and brings
// the thread home again. A thread that cannot be brought home is not unlocked:
// the runtime ends it together with the goroutine.
func away(enter, f func() error) (err error) {
	err = errGone // unless f returns
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread stands for the process in /proc/self, where others
			// look, and cannot be ended. While it is locked here, it is not taken
			// for the goroutine that replaces this one.
			defer runtime.UnlockOSThread()
			err = away(enter, f)
			return
		}
		home, e := unix.Open(here, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if e != nil {
			err = fmt.Errorf("netns: %s: %w", here, e)
			runtime.UnlockOSThread()
			return
		}
		defer unix.Close(home)
		if err = enter(); err == nil {
			err = errGone
			err = f()
		}
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return err
}
