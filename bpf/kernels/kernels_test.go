//go:build linux

package kernels

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a kernel may take from its first instruction to power-off:
// twice what the slower one took when 18 others wanted the same two cores.
const patience = 240 * time.Second

// kernels are those that are tried: the names of Debian's packages.
var kernels = []struct{ name, packages string }{
	{"6.1", `linux-image-6\.1\.0-[0-9]+-cloud-amd64-unsigned`},            // before TCX: clsact
	{"6.12", `linux-image-6\.12\.[0-9]+\+deb[0-9]+-cloud-amd64-unsigned`}, // TCX
}

// story is the recording that is played in the machine, and by what name.
const story, storyInside = "../../pcaps/whatsapp-reset-race/client.pcapng", "story.pcapng"

func TestKernels(t *testing.T) {
	if os.Getenv("CHOKEPOINT_KERNELS") != "1" {
		t.Skip("boots two kernels, which takes minutes: make test-kernels, or CHOKEPOINT_KERNELS=1 go test ./bpf/kernels")
	}
	need(t, "qemu-system-x86_64", "apt-cache", "apt-get", "dpkg-deb")
	init := guest(t)
	tests := strings.Fields(output(t, init, "-test.list", "^Test"))
	if len(tests) == 0 {
		t.Fatal("the guest has no tests")
	}
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			image, modules := unpack(t, fetch(t, k.packages))
			start := time.Now()
			console := boot(t, image, initramfs(t, init, modules))
			t.Logf("%s, %d tests, %.0f s", release(console), len(tests), time.Since(start).Seconds())
			judge(t, console, tests)
		})
	}
}

// judge fails for each test that did not pass inside.
func judge(t *testing.T, console string, tests []string) {
	t.Helper()
	results := results(console)
	for _, name := range tests {
		t.Run(name, func(t *testing.T) {
			if got := results[name]; got != "PASS" {
				t.Errorf("%s", cmp.Or(got, "no result"))
			}
		})
	}
	if t.Failed() || testing.Verbose() {
		t.Log("the console said:\n" + console)
	}
}

// need fails for programs that are not installed. Nothing is skipped: who sets
// CHOKEPOINT_KERNELS has asked for it.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Errorf("%s is missing", p)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// guest builds the tests of package guest as a program that needs nothing else.
func guest(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-o", path, "./guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build of the guest: %v\n%s", err, out)
	}
	return path
}

// output runs a program and returns its standard output.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}
