//go:build linux

package kernels

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// memory is what a machine gets, MiB: two at a time are within 1 GiB.
const memory = "512"

// boot runs a machine until it powers off, or dies, and returns what it wrote to
// its serial console.
func boot(t *testing.T, image, initramfs string) (console string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// panic=-1 with -no-reboot: a kernel that panics, as it does when init dies,
	// ends the machine at once. What follows "--" is for init.
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1", "-m", memory,
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", image, "-initrd", initramfs,
		"-append", "console=ttyS0 quiet loglevel=0 panic=-1 mitigations=off -- -test.v -test.timeout=230s")
	out, err := qemu.CombinedOutput()
	console = strings.ReplaceAll(string(out), "\r", "")
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		t.Errorf("the machine was still running after %v", patience)
	case err != nil:
		t.Errorf("qemu: %v", err)
	}
	return console
}

var (
	resultLine  = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+) \(`)
	releaseLine = regexp.MustCompile(`(?m)^guest: (Linux \S+)$`)
)

// results returns how each test ended that came to an end. A test that printed
// two results has failed, whatever they are.
func results(console string) map[string]string {
	out := map[string]string{}
	for _, m := range resultLine.FindAllStringSubmatch(console, -1) {
		if out[m[2]] != "" {
			m[1] = "two results"
		}
		out[m[2]] = m[1]
	}
	return out
}

// release returns which kernel ran, as init told.
func release(console string) string {
	if m := releaseLine.FindStringSubmatch(console); m != nil {
		return m[1]
	}
	return "a kernel that did not get as far as init"
}

func TestResults(t *testing.T) {
	got := results("guest: Linux 6.1.0\n=== RUN   TestA\n--- PASS: TestA (0.01s)\n    x_test.go:1: --- PASS: TestX (0s)\n" +
		"--- FAIL: TestB (1.00s)\n--- SKIP: TestC (0.00s)\n    --- PASS: TestB/sub (0.00s)\n--- PASS: TestD (0s)\n--- PASS: TestD (0s)\n=== RUN   TestE\n")
	want := map[string]string{"TestA": "PASS", "TestB": "FAIL", "TestC": "SKIP", "TestD": "two results"}
	if len(got) != len(want) {
		t.Errorf("results are %v, want %v", got, want)
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %q, want %q", name, got[name], w)
		}
	}
	if r := release("boot\nguest: Linux 6.1.0-56\n"); r != "Linux 6.1.0-56" {
		t.Errorf("release is %q", r)
	}
}
