//go:build linux

package owner

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Bounds on what is kept of a host's cgroups.
const (
	mostGroups  = 8192 // a busy node of containers has a thousand
	mostUnknown = 8192
)

// groups knows the paths of cgroups by their id, which is the inode number of
// their folder (kernfs_ino, include/linux/kernfs.h; on 64 bits).
type groups struct {
	mount string // of cgroup2, "" none

	mu      sync.Mutex
	known   map[uint64]string
	unknown map[uint64]bool // looked for in vain
}

// CgroupMount returns where cgroup2 is mounted, "" nowhere. [Reader.Cgroup] needs to
// read below it, also when privileges have been given up.
func CgroupMount() string { return mount() }

// Cgroup returns the path of a cgroup below the cgroup2 mount, "/" for the mount
// itself, "" if it is not known: ended before it was looked for, or not for us to
// see. It is foreign text.
func (r *Reader) Cgroup(id uint64) string { return r.groups.path(id) }

func (g *groups) path(id uint64) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p, ok := g.known[id]; ok {
		return p
	}
	if id == 0 || g.mount == "" || g.unknown[id] {
		return ""
	}
	g.learn(walk(g.mount))
	if p, ok := g.known[id]; ok {
		return p
	}
	if g.unknown == nil || len(g.unknown) >= mostUnknown {
		g.unknown = map[uint64]bool{}
	}
	g.unknown[id] = true
	return ""
}

// learn takes over what a walk found. An id is never used again, so that what was
// known stays true: it is forgotten only when everything could be read.
func (g *groups) learn(found map[uint64]string, whole bool) {
	if whole || g.known == nil || len(g.known) > mostGroups {
		g.known = found
		return
	}
	maps.Copy(g.known, found)
}

// walk lists the cgroups below a mount, as far as they may be read; whole is whether
// that is all.
func walk(mount string) (found map[uint64]string, whole bool) {
	found, whole = map[uint64]string{}, true
	_ = filepath.WalkDir(mount, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			whole = whole && path != mount && errors.Is(err, fs.ErrNotExist) // gone meanwhile
			return fs.SkipDir
		case !d.IsDir():
			return nil
		case len(found) >= mostGroups:
			whole = false
			return fs.SkipAll
		}
		if info, err := d.Info(); err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				found[st.Ino] = "/" + strings.Trim(strings.TrimPrefix(path, mount), "/")
			}
		}
		return nil
	})
	return found, whole
}

// mount finds where cgroup2 is mounted.
func mount() string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	return mountIn(f)
}

// mountIn finds the first cgroup2 in mountinfo (proc_pid_mountinfo(5)): the mount
// point is the fifth field, the type follows the one that is "-".
func mountIn(r io.Reader) string {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		before, after, _ := bytes.Cut(lines.Bytes(), []byte(" - "))
		if fields := bytes.Fields(before); len(fields) >= 5 && bytes.HasPrefix(after, []byte("cgroup2 ")) {
			return unescape(string(fields[4]))
		}
	}
	return ""
}

// unescape undoes what mountinfo does to blanks and backslashes: \040.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
