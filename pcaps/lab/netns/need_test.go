package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := Missing()
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func made(t *testing.T, name string) *NS {
	t.Helper()
	n, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// held lists the network namespaces that threads or descriptors of this process
// hold, and counts its threads.
func held(t *testing.T) (spaces map[string]bool, threads int) {
	t.Helper()
	spaces = map[string]bool{}
	tasks, _ := filepath.Glob("/proc/self/task/*/ns/net")
	files, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range append(tasks, files...) {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "net:[") {
			spaces[to] = true
		}
	}
	if len(tasks) == 0 || len(spaces) == 0 {
		t.Fatal("found no thread of our own in /proc/self/task")
	}
	return spaces, len(tasks)
}

// witness tells whether a namespace still exists, without keeping it: one end of a
// cable is inside, the other in ours, and goes with it.
type witness struct {
	ns   *NS
	name string
}

var witnesses int

// watch puts a witness into the namespace that the path names.
func watch(t *testing.T, ours *NS, path string) witness {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	witnesses++
	w := witness{ours, fmt.Sprintf("w%d", witnesses)}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = w.name
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerNamespace = w.name+"x", netlink.NsFd(f.Fd())
	if err := ours.nl.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	if !w.exists() {
		t.Fatal("the witness is not there from the beginning")
	}
	return w
}

func (w witness) exists() bool {
	_, err := w.ns.nl.LinkByName(w.name)
	return err == nil
}

// gone waits for the kernel's cleanup, which runs in a work item.
func (w witness) gone(t *testing.T) {
	t.Helper()
	eventually(t, "the namespace is still there", func() bool { return !w.exists() })
}

// eventually waits for what the kernel or the runtime does by and by.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		runtime.Gosched()
	}
}
