//go:build linux

package owner

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestMountIn(t *testing.T) {
	const (
		v1      = "35 30 0:32 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n"
		hybrid  = "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime shared:4 master:1 - cgroup2 cgroup2 rw\n"
		blank   = `40 30 0:37 / /mnt/my\040groups\134x rw - cgroup2 none rw` + "\n"
		decoy   = "41 26 0:40 / /cgroup2 rw - tmpfs cgroup2 rw\n"
		torn    = "1 2 3 - cgroup2\n40 30 0:37\n"
		strange = `40 30 0:37 / /a\9z\04 rw - cgroup2 none rw` + "\n"
	)
	for text, want := range map[string]string{
		"":             "",
		v1:             "",
		v1 + hybrid:    "/sys/fs/cgroup/unified",
		hybrid + blank: "/sys/fs/cgroup/unified",
		blank:          `/mnt/my groups\x`,
		decoy:          "",
		torn:           "",
		strange:        `/a\9z\04`,
	} {
		if got := mountIn(strings.NewReader(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// TestPath walks a tree that looks like one of cgroups.
func TestPath(t *testing.T) {
	root := t.TempDir()
	leaf := filepath.Join(root, "system.slice", "app.service")
	if err := os.MkdirAll(leaf, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(leaf, "cgroup.procs")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g := groups{mount: root}
	for path, want := range map[string]string{root: "/", leaf: "/system.slice/app.service", file: ""} {
		if got := g.path(inode(t, path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := g.path(0); got != "" {
		t.Errorf("no cgroup: %q", got)
	}

	// A new one is found; what was known stays known when nothing can be read any more.
	late := filepath.Join(root, "late.slice")
	if err := os.Mkdir(late, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := g.path(inode(t, late)); got != "/late.slice" {
		t.Errorf("made later: %q", got)
	}
	known := inode(t, leaf)
	if err := os.Rename(root, root+".gone"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Rename(root+".gone", root) })
	if got := g.path(1 << 60); got != "" {
		t.Errorf("of none: %q", got)
	}
	if got := g.path(known); got != "/system.slice/app.service" {
		t.Errorf("known before: %q", got)
	}
}

// TestPathLooksOnce: an id that is nobody's does not cost a walk each time.
func TestPathLooksOnce(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	g := groups{mount: root}
	id := inode(t, dir)
	if err := os.Rename(dir, root+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(root + ".elsewhere") })
	g.path(id)
	if err := os.Rename(root+".elsewhere", dir); err != nil {
		t.Fatal(err)
	}
	if got := g.path(id); got != "" {
		t.Errorf("looked again: %q", got)
	}
	if n := len(g.unknown); n != 1 {
		t.Errorf("%d unknown ones kept", n)
	}
	if (&groups{}).path(id) != "" {
		t.Error("without a mount there is no path")
	}
}

// TestLearn: what is no longer to be read is not forgotten, what is gone is; and the
// one does not grow without bound.
func TestLearn(t *testing.T) {
	g := groups{}
	g.learn(map[uint64]string{1: "/", 2: "/a"}, true)
	g.learn(map[uint64]string{1: "/"}, false)
	if g.known[2] != "/a" {
		t.Errorf("forgotten: %v", g.known)
	}
	g.learn(map[uint64]string{1: "/", 3: "/b"}, true)
	if g.known[2] != "" || g.known[3] != "/b" {
		t.Errorf("kept: %v", g.known)
	}
	for id := range uint64(3 * mostGroups) {
		g.learn(map[uint64]string{id: "/x"}, false)
		if len(g.known) > mostGroups+1 {
			t.Fatalf("%d are kept", len(g.known))
		}
	}
}
