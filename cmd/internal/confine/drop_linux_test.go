package confine

import (
	"bufio"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chokepoint/pcaps/lab/netns"
)

// need skips the test where it has nothing to give up, or fails where REQUIRE_BPF=1.
func need(t *testing.T) {
	t.Helper()
	lacks := netns.Missing()
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// folders are what the child is told of.
func folders(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"open", "shut", "read/sub"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"shut/kept": "still here", "shut/one": "1", "read/sub/file": "2",
		"shut/replaced": "3", "read/replaced": "4"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// confined runs the child and lets it tell.
func confined(t *testing.T, dir string) (said told) {
	t.Helper()
	ns, err := netns.New("confined")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "/proc/self/exe")
	c.Env, c.Stderr = append(os.Environ(), childEnv+"="+dir), os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Do(c.Start); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	at, err := netip.ParseAddrPort(lines.Text())
	if err != nil {
		t.Fatalf("%q: %v: %v", lines.Text(), err, c.Wait())
	}
	for _, file := range []string{"shut/replaced", "read/replaced"} {
		replace(t, filepath.Join(dir, file))
	}
	conn, err := ns.Dial(ctx, "tcp", netip.AddrPort{}, at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewDecoder(conn).Decode(&said); err != nil {
		t.Fatalf("%v: %v", err, c.Wait())
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	return said
}

// replace does as editors do.
func replace(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// TestDrop: what was given up is gone on every thread, what was allowed is not.
func TestDrop(t *testing.T) {
	need(t)
	said := confined(t, folders(t))
	if said.Before < 2 || len(said.Threads) < 2 {
		t.Errorf("%d threads before, %d after: too few to tell anything", said.Before, len(said.Threads))
	}
	for _, th := range said.Threads {
		if !th.Bare() || th.Bounding != 0 {
			t.Errorf("%v, bounding set %x", th, th.Bounding)
		}
	}
	if said.Collect < 5 || said.Read != "still here" {
		t.Errorf("%d collections of 5, read %q", said.Collect, said.Read)
	}
	if said.ByFolder != "" || (said.ByName == "EACCES") != (said.Report.Landlock > 0) {
		t.Errorf("files that were replaced: allowed by name %q, by folder %q", said.ByName, said.ByFolder)
	}
	switch { // who holds which socket goes on being known; of cgroups only the mount itself
	case said.NoOwner != "" && os.Getenv("REQUIRE_BPF") == "1":
		t.Error(said.NoOwner)
	case said.NoOwner == "" && (said.Owned != 3 || len(said.Cgroup) > 1 && said.Report.Landlock > 0):
		t.Errorf("the listener was found %d times of 3, in cgroup %q", said.Owned, said.Cgroup)
	}
	want := expected(said.Report)
	for thread, tried := range said.Tried {
		if len(tried) < len(want) {
			t.Errorf("%s tried %d things of %d", thread, len(tried), len(want))
		}
		for what, got := range tried {
			if want, known := want[what]; known && got != want {
				t.Errorf("thread of %s: %s: %q, want %q", thread, what, got, want)
			}
		}
	}
	t.Log(said.Report)
}

// expected is how it must go, given what is in force.
func expected(r Report) map[string]string {
	want := map[string]string{
		"read /etc/passwd": "EACCES", "read allowed folder": "", "list allowed folder": "", "write where reading is allowed": "EACCES",
		"read allowed file": "", "read its neighbour": "EACCES", "create in allowed folder": "", "append": "", "rename in allowed folder": "",
		"remove in allowed folder": "", "create outside": "EACCES", "remove outside": "EACCES", "make a folder": "EACCES", "execute": "EACCES",
		"through /proc": "EACCES", "through /proc/self/task": "EACCES", "of another process": "EACCES",
		"TCP connect": "EACCES", "TCP bind": "EACCES", "raw socket": "EPERM",
	}
	if r.Landlock == 0 {
		return map[string]string{"raw socket": "EPERM"} // the rest is up to who we are
	}
	if !r.TCP() {
		want["TCP connect"], want["TCP bind"] = "ECONNREFUSED", ""
	}
	return want
}

// TestControl: none of it would fail without Drop, so that the errors are its doing.
func TestControl(t *testing.T) {
	need(t)
	ns, err := netns.New("control")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	tried := map[string]string{}
	if err := ns.Do(func() error { try(tried, folders(t)); return nil }); err != nil {
		t.Fatal(err)
	}
	for what, got := range tried {
		if want := map[string]string{"TCP connect": "ECONNREFUSED"}[what]; got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
}
