package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/bpf/owner"
)

// childEnv tells the test's binary to confine itself, and where its folders are:
// open (to write), shut (not allowed), read (to read) below it.
const childEnv = "CONFINE_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// told is what the confined child says of itself.
type told struct {
	Report  Report
	Before  int // threads when it began
	Threads []Thread
	Tried   map[string]map[string]string // by thread, then what: "" it worked, else the error
	Collect uint32                       // garbage collections afterwards
	Read    string                       // from a file that was open before

	// What reading files that were replaced meanwhile says: one that is allowed by its
	// name, one by its folder.
	ByName, ByFolder string

	NoOwner string // why sockets cannot be listed here
	Owned   int    // listings of three, afterwards, that have the listener
	Cgroup  string // of the listener, whose folder is not allowed
}

// child opens, drops, tries and tells. The parent connects to the listener.
func child(dir string) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	kept, err := os.Open(filepath.Join(dir, "shut", "kept"))
	if err != nil {
		return err
	}
	sockets, noOwner := owner.Open()
	before, first := worker(), make(map[string]string)

	var t told
	threads, err := Status()
	if err != nil {
		return err
	}
	t.Before = len(threads)
	if t.Report, err = Drop(Allow{Read: []string{filepath.Join(dir, "read"), filepath.Join(dir, "shut", "one"), filepath.Join(dir, "shut", "replaced")},
		Write: []string{filepath.Join(dir, "open")}}); err != nil {
		return err
	}
	fmt.Println(l.Addr())
	before(func() { try(first, dir) })
	later := make(map[string]string)
	worker()(func() { try(later, dir) })
	main := make(map[string]string)
	try(main, dir)
	t.Tried = map[string]map[string]string{"before": first, "later": later, "main": main}

	if t.Collect, err = live(); err != nil {
		return err
	}
	b := make([]byte, 100)
	if noOwner != nil {
		t.NoOwner = noOwner.Error()
	} else if t.Owned, t.Cgroup, err = find(sockets, l); err != nil {
		return err
	}
	n, _ := kept.Read(b)
	t.Read = string(b[:n])
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = os.ReadFile(filepath.Join(dir, "shut", "replaced"))
	t.ByName = name(err)
	_, err = os.ReadFile(filepath.Join(dir, "read", "replaced"))
	t.ByFolder = name(err)
	if t.Threads, err = Status(); err != nil {
		return err
	}
	return json.NewEncoder(c).Encode(t)
}

// find looks three times for the listener among the sockets of all processes.
func find(r *owner.Reader, l net.Listener) (times int, cgroup string, err error) {
	for range 3 {
		if err := r.Sockets(func(s owner.Socket) {
			if s.PID == uint32(os.Getpid()) && int(s.LocalPort) == l.Addr().(*net.TCPAddr).Port {
				times++
				cgroup = r.Cgroup(s.Cgroup)
			}
		}); err != nil {
			return times, "", err
		}
	}
	return times, cgroup, nil
}

// worker is a thread of its own that does what it is given.
func worker() func(func()) {
	work, done := make(chan func()), make(chan bool)
	go func() {
		runtime.LockOSThread() // for good: it ends with the process
		for f := range work {
			f()
			done <- true
		}
	}()
	work <- func() {}
	<-done
	return func(f func()) { work <- f; <-done }
}

// try does what is allowed and what is not.
func try(tried map[string]string, dir string) {
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	own := strconv.Itoa(unix.Gettid())
	steps := []struct {
		what string
		do   func() error
	}{
		{"read /etc/passwd", func() error { _, err := os.ReadFile("/etc/passwd"); return err }},
		{"read allowed folder", func() error { _, err := os.ReadFile(at("read", "sub", "file")); return err }},
		{"list allowed folder", func() error { _, err := os.ReadDir(at("read")); return err }},
		{"write where reading is allowed", func() error { return os.WriteFile(at("read", "sub", "file"), nil, 0o600) }},
		{"read allowed file", func() error { _, err := os.ReadFile(at("shut", "one")); return err }},
		{"read its neighbour", func() error { _, err := os.ReadFile(at("shut", "kept")); return err }},
		{"create in allowed folder", func() error { return os.WriteFile(at("open", own), []byte("x"), 0o600) }},
		{"append", func() error { return appendTo(at("open", own)) }},
		{"rename in allowed folder", func() error { return os.Rename(at("open", own), at("open", own+".1")) }},
		{"remove in allowed folder", func() error { return os.Remove(at("open", own+".1")) }},
		{"create outside", func() error { return os.WriteFile(at("shut", own), nil, 0o600) }},
		{"remove outside", func() error { return os.Remove(at("shut", "kept")) }},
		{"make a folder", func() error { return os.Mkdir(at("open", "dir"), 0o700) }},
		{"execute", func() error { return exec.Command("/bin/true").Run() }},
		{"through /proc", func() error { _, err := os.ReadFile("/proc/self/root/etc/passwd"); return err }},
		{"through /proc/self/task", func() error { _, err := os.ReadFile("/proc/self/task/" + own + "/root/etc/passwd"); return err }},
		{"of another process", func() error { _, err := os.ReadFile("/proc/1/status"); return err }},
		{"TCP connect", connect},
		{"TCP bind", bind},
		{"raw socket", raw},
	}
	for _, s := range steps {
		tried[s.what] = name(s.do())
	}
}

func appendTo(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("y")
	return errors.Join(err, f.Close())
}

// connect goes to a port that nobody listens at: refused is that it was allowed.
func connect() error {
	c, err := net.Dial("tcp4", "127.0.0.1:1")
	if err == nil {
		c.Close()
	}
	return err
}

func bind() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.Bind(s, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

func raw() error {
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		unix.Close(s)
	}
	return err
}

// name is the error's as errno.h has it, "" for none.
func name(err error) string {
	var errno syscall.Errno
	switch {
	case err == nil:
		return ""
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// live is the runtime's daily work: new threads, and stopping threads that do not
// stop by themselves, for which it sends signals to itself.
func live() (collections uint32, err error) {
	var begin, end runtime.MemStats
	runtime.ReadMemStats(&begin)
	var stop atomic.Bool
	var spins uint64
	var spinning, all sync.WaitGroup
	spinning.Add(1)
	all.Go(func() {
		spinning.Done()
		for !stop.Load() {
			for range 1 << 20 {
				spins++
			}
		}
	})
	spinning.Wait()
	for range 40 {
		all.Go(func() { runtime.LockOSThread(); _ = make([]byte, 1<<16) }) // the thread ends with it
	}
	for range 5 {
		runtime.GC()
	}
	stop.Store(true)
	all.Wait()
	runtime.ReadMemStats(&end)
	return end.NumGC - begin.NumGC, nil
}
