//go:build linux

package kernels

import (
	"bytes"
	"fmt"
	"maps"
	"os"
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
		entry(&b, i, unix.S_IFREG|0o755, name, files[name])
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
		fmt.Fprintf(b, "%08X", v)
	}
	b.WriteString(name + "\x00")
	pad(b)
	b.Write(content)
	pad(b)
}

func pad(b *bytes.Buffer) { b.Write(make([]byte, -b.Len()&3)) }

// TestArchive compares with what GNU cpio 2.13 writes of the same files (-H newc
// --reproducible -R 0:0), but for its 512-byte blocks.
func TestArchive(t *testing.T) {
	none := strings.Repeat("0", 8)
	header := func(inode, mode, size, name string) string {
		return "070701" + inode + mode + none + none + "00000001" + none + size + none + none + none + none + name + none
	}
	want := header(none, "000081ED", "00000005", "00000005") + "init\x00\x00first\x00\x00\x00" +
		header("00000001", "000081ED", none, "00000004") + "odd\x00\x00\x00" +
		header(none, none, none, "0000000B") + "TRAILER!!!\x00\x00\x00\x00"
	if got := string(archive(map[string][]byte{"odd": {}, "init": []byte("first")})); got != want {
		t.Errorf("archive is\n%q, want\n%q", got, want)
	}
}
