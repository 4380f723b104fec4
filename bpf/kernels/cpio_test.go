//go:build linux

package kernels

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// initramfs writes the root file system of a machine: the init program, the story
// and the modules, and nothing else.
func initramfs(t *testing.T, init string, modules map[string][]byte) (path string) {
	t.Helper()
	files := maps.Clone(modules)
	files["init"], files[storyInside] = read(t, init), read(t, story)
	path = filepath.Join(t.TempDir(), "initramfs")
	if err := os.WriteFile(path, archive(files), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// archive makes an archive of executable files as the kernel unpacks it at boot:
// cpio's "newc", Documentation/driver-api/early-userspace/buffer-format.rst.
func archive(files map[string][]byte) []byte {
	var b bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(files)) {
		entry(&b, i+1, unix.S_IFREG|0o755, name, files[name])
	}
	entry(&b, 0, 0, "TRAILER!!!", nil)
	return b.Bytes()
}

// entry appends one file. Its header is a magic number and 13 numbers of 8 hex
// digits: inode, mode, uid, gid, links, mtime, size, device twice major and minor,
// length of the name with its zero, checksum; name and content begin at multiples of 4.
func entry(b *bytes.Buffer, inode, mode int, name string, content []byte) {
	fmt.Fprintf(b, "070701")
	for _, v := range []int{inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0} {
		fmt.Fprintf(b, "%08x", v)
	}
	b.WriteString(name + "\x00")
	pad(b)
	b.Write(content)
	pad(b)
}

func pad(b *bytes.Buffer) { b.Write(make([]byte, -b.Len()&3)) }

// TestArchive lets another program read what the kernel will.
func TestArchive(t *testing.T) {
	if _, err := exec.LookPath("busybox"); err != nil {
		t.Skip("needs busybox, which reads the archive")
	}
	dir := t.TempDir()
	files := map[string][]byte{"init": []byte("first"), "odd": []byte("123"), "empty": {}, "veth.ko": bytes.Repeat([]byte{7}, 5000)}
	unpack := exec.Command("busybox", "cpio", "-i")
	unpack.Dir, unpack.Stdin = dir, bytes.NewReader(archive(files))
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range files {
		if got := read(t, filepath.Join(dir, name)); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, want %d", name, len(got), len(want))
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if got := len(strings.Fields(output(t, "ls", dir))); got != len(files) {
		t.Errorf("%d files came out, want %d", got, len(files))
	}
}
