//go:build linux

package kernels

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// modules are those that Debian builds none of into the kernel, in an order in
// which they can be loaded; they depend on no others.
var modules = []string{"veth", "sch_ingress", "cls_bpf"}

// fetch returns the newest package of a pattern that apt offers, from the cache
// folder if it is there.
func fetch(t *testing.T, pattern string) (deb string) {
	t.Helper()
	name := newest(output(t, "apt-cache", "pkgnames", "linux-image-"), pattern)
	if name == "" {
		t.Fatalf("apt offers no package %s: apt-get update", pattern)
	}
	cache := cacheFolder(t)
	if found, _ := filepath.Glob(filepath.Join(cache, name+"_*.deb")); len(found) > 0 {
		return slices.Max(found)
	}
	// apt leaves a torn file behind when it is interrupted.
	part, err := os.MkdirTemp(cache, "part-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(part)
	get := exec.Command("apt-get", "download", name)
	get.Dir = part
	if out, err := get.CombinedOutput(); err != nil {
		t.Fatalf("apt-get download %s: %v\n%s", name, err, out)
	}
	found, _ := filepath.Glob(filepath.Join(part, name+"_*.deb"))
	if len(found) != 1 {
		t.Fatalf("apt-get download %s left %q", name, found)
	}
	deb = filepath.Join(cache, filepath.Base(found[0]))
	if err := os.Rename(found[0], deb); err != nil {
		t.Fatal(err)
	}
	return deb
}

func cacheFolder(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(cache, "chokepoint", "kernels")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	return cache
}

// newest returns the name that a pattern matches whole and whose numbers are the
// highest, "" if there is none.
func newest(names, pattern string) string {
	whole := regexp.MustCompile("^(?:" + pattern + ")$")
	fit := slices.DeleteFunc(strings.Fields(names), func(n string) bool { return !whole.MatchString(n) })
	if len(fit) == 0 {
		return ""
	}
	return slices.MaxFunc(fit, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
}

var digits = regexp.MustCompile(`[0-9]+`)

// numbers returns the numbers in a name, in order.
func numbers(name string) (n []int) {
	for _, d := range digits.FindAllString(name, -1) {
		v, err := strconv.Atoi(d)
		if err != nil {
			v = -1 // longer than any version is
		}
		n = append(n, v)
	}
	return n
}

// unpack returns the path of a package's kernel, and its modules by name.
func unpack(t *testing.T, deb string) (image string, files map[string][]byte) {
	t.Helper()
	root := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
		// Not kept: it would fail for ever.
		os.Remove(deb)
		t.Fatalf("dpkg-deb -x %s: %v\n%s", deb, err, out)
	}
	files = map[string][]byte{}
	for _, m := range modules {
		files[m+".ko"] = module(t, only(t, filepath.Join(root, "lib/modules/*/kernel/*/*", m+".ko*")))
	}
	return only(t, filepath.Join(root, "boot/vmlinuz-*")), files
}

// only returns the one file that a pattern matches.
func only(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s matches %q (%v), not one file", pattern, found, err)
	}
	return found[0]
}

// module reads a module, which newer packages have compressed.
func module(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var from io.Reader = f
	if strings.HasSuffix(path, ".xz") {
		if from, err = xz.NewReader(f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return text
}

func TestNewest(t *testing.T) {
	offered := "linux-image-6.1.0-9-cloud-amd64-unsigned\nlinux-image-6.1.0-56-cloud-amd64-unsigned\n" +
		"linux-image-6.1.0-60-cloud-amd64\nlinux-image-6.1.0-47-cloud-amd64-unsigned\n" +
		"linux-image-6.12.9+deb12-cloud-amd64-unsigned\nlinux-image-6.12.117+deb12-cloud-amd64-unsigned-dbg\n" +
		"linux-image-6.12.107+deb12-cloud-amd64-unsigned\n"
	for i, want := range []string{"linux-image-6.1.0-56-cloud-amd64-unsigned", "linux-image-6.12.107+deb12-cloud-amd64-unsigned"} {
		if got := newest(offered, kernels[i].packages); got != want {
			t.Errorf("newest of %s is %q, want %q", kernels[i].packages, got, want)
		}
	}
	if got := newest("linux-image-6.18.1-cloud-amd64-unsigned", kernels[0].packages); got != "" {
		t.Errorf("a kernel of another series is taken: %q", got)
	}
	if len(numbers("6.1.0-99999999999999999999")) != 4 {
		t.Error("numbers are lost")
	}
}
