package netns

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inside returns the namespace of the calling thread.
func inside(t *testing.T) string {
	t.Helper()
	link, err := os.Readlink(here)
	if err != nil {
		t.Error(err)
	}
	return link
}

// TestDoLeavesNothing: namespaces and calls leave no descriptor, no thread in a
// foreign namespace and no crowd of threads.
func TestDoLeavesNothing(t *testing.T) {
	need(t)
	before, threads := held(t)
	for range 100 {
		n, err := New("brief")
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
	}
	n := made(t, "busy")
	home, away := inside(t), ""
	begin := time.Now()
	for range 3000 {
		if err := n.Do(func() error { away = inside(t); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("a call of Do takes %v", time.Since(begin)/3000)
	if away == home || inside(t) != home {
		t.Fatalf("inside %s, at home %s, afterwards %s", away, home, inside(t))
	}
	n.Close()
	after, now := held(t)
	if len(after) != len(before) || now > threads+20 {
		t.Fatalf("namespaces %v, before %v; threads %d, before %d", after, before, now, threads)
	}
}

// TestDoAtOnce: a call that takes long keeps nobody waiting.
func TestDoAtOnce(t *testing.T) {
	need(t)
	n := made(t, "crowd")
	var work sync.WaitGroup
	end, begun := make(chan struct{}), make(chan struct{})
	work.Go(func() { n.Do(func() error { close(begun); <-end; return nil }) })
	<-begun
	for range 20 {
		work.Go(func() {
			n.Do(func() error {
				if inside(t) == "" {
					t.Error("nowhere")
				}
				return nil
			})
		})
	}
	if err := n.Do(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	close(end)
	work.Wait()
}

// TestDoEnds: the error is handed on, also that of a function that never returns.
func TestDoEnds(t *testing.T) {
	need(t)
	n := made(t, "ends")
	own := errors.New("own")
	if err := n.Do(func() error { return own }); err != own {
		t.Fatalf("got %v", err)
	}
	if err := n.Do(func() error { runtime.Goexit(); return nil }); err != errGone {
		t.Fatalf("got %v", err)
	}
	n.Close()
	if err := n.Do(func() error { return nil }); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("got %v", err)
	}
	if err := n.Close(); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

// TestDoSparesTheFirstThread: it is what /proc/self shows.
func TestDoSparesTheFirstThread(t *testing.T) {
	need(t)
	n := made(t, "first")
	var work sync.WaitGroup
	end := make(chan struct{})
	for range 30 {
		work.Go(func() {
			n.Do(func() error {
				<-end
				if unix.Gettid() == unix.Getpid() {
					t.Error("the first thread was sent away")
				}
				return nil
			})
		})
	}
	close(end)
	work.Wait()
}

func TestPath(t *testing.T) {
	need(t)
	n := made(t, "named")
	f, err := os.Open(n.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var by, own unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &by); err != nil {
		t.Fatal(err)
	}
	n.Do(func() error { return unix.Stat(here, &own) })
	if by.Ino == 0 || by.Ino != own.Ino {
		t.Fatalf("path leads to namespace %d, inside is %d", by.Ino, own.Ino)
	}
}

// TestCommand: it runs inside, its complaint is in the error, and it ends with ctx.
func TestCommand(t *testing.T) {
	need(t)
	n := made(t, "commands")
	want := ""
	n.Do(func() error { want = inside(t); return nil })
	out, err := n.Command(t.Context(), "readlink", "/proc/self/ns/net")
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Fatalf("runs in %q, not %q: %v", got, want, err)
	}
	if _, err = n.Command(t.Context(), "ls", "/nothing/here"); err == nil || !strings.Contains(err.Error(), "No such file") {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err = n.Command(ctx, "sleep", "60"); err == nil || ctx.Err() == nil {
		t.Fatalf("got %v", err)
	}
}

func TestSysctl(t *testing.T) {
	need(t)
	n := made(t, "sysctl")
	const key, path = "net.ipv4.tcp_sack", "/proc/sys/net/ipv4/tcp_sack"
	outside, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	value := "0"
	if strings.TrimSpace(string(outside)) == "0" {
		value = "1"
	}
	if err := n.Sysctl(key, value); err != nil {
		t.Fatal(err)
	}
	n.Do(func() error {
		if got, _ := os.ReadFile(path); strings.TrimSpace(string(got)) != value {
			t.Errorf("inside it is %q, not %q", got, value)
		}
		return nil
	})
	if now, _ := os.ReadFile(path); string(now) != string(outside) {
		t.Fatalf("outside it was %q and is %q", outside, now)
	}
	if err := n.Sysctl("net.ipv4.no_such", "1"); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Fatalf("got %v", err)
	}
}

func TestMAC(t *testing.T) {
	a, b := hardwareAddr("client", "eth0"), hardwareAddr("server", "eth0")
	if len(a) != 6 || a[0] != 0x02 || a.String() == b.String() || a.String() != hardwareAddr("client", "eth0").String() {
		t.Fatalf("%v, %v", a, b)
	}
}
