package netns

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// setting is a sysctl and its value; Documentation/networking/ip-sysctl.rst of the
// kernel explains them.
type setting struct{ key, value string }

// quiet is what every namespace begins with, so that interfaces say nothing by
// themselves and nothing that the lab injects is refused for its source address.
// "default" is inherited by interfaces made later.
var quiet = []setting{
	{"net.ipv4.conf.all.rp_filter", "0"},
	{"net.ipv4.conf.default.rp_filter", "0"},
	{"net.ipv6.conf.all.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_ra", "0"},
	{"net.ipv6.conf.default.addr_gen_mode", "1"}, // no link-local address
	{"net.ipv6.conf.default.router_solicitations", "0"},
}

// Sysctl sets a kernel parameter of the namespace, as "net.ipv4.tcp_sack".
func (n *NS) Sysctl(key, value string) error {
	return n.Do(func() error { return writeSysctl(key, value) })
}

// writeSysctl sets a parameter in the calling thread's namespace: /proc/sys/net
// shows whoever opens it his own.
func writeSysctl(key, value string) error {
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		return fmt.Errorf("sysctl %s=%s: %w", key, value, err)
	}
	return nil
}

// Command runs a program inside the namespace and returns its standard output; the
// error carries what it wrote to standard error. It is killed when ctx is done,
// and by the kernel when this process dies.
func (n *NS) Command(ctx context.Context, name string, args ...string) ([]byte, error) {
	var out, complaint bytes.Buffer
	err := n.Do(func() error {
		c := exec.CommandContext(ctx, name, args...)
		c.Stdout, c.Stderr = &out, &complaint
		// The death signal comes when the thread that forked ends: this one is
		// ours until the program has ended.
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return c.Run()
	})
	if err != nil {
		return out.Bytes(), fmt.Errorf("%s: %s %s: %w: %s", n.name, name, strings.Join(args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out.Bytes(), nil
}
