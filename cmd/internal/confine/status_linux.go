package confine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const taskDir = "/proc/self/task"

// Status tells what each thread of this process may do, by ID. It works before
// [Drop] and after.
func Status() ([]Thread, error) {
	entries, err := os.ReadDir(taskDir)
	if err != nil {
		return nil, err
	}
	var threads []Thread
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(filepath.Join(taskDir, e.Name(), "status"))
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
			continue // ended meanwhile
		case err != nil:
			return nil, err
		}
		t, err := parse(id, text)
		if err != nil {
			return nil, err
		}
		threads = append(threads, t)
	}
	if len(threads) == 0 {
		return nil, fmt.Errorf("no thread in %s", taskDir)
	}
	return threads, nil
}

// parse reads proc_pid_status(5). All fields must be there: a missing one is not zero.
func parse(id int, text []byte) (t Thread, err error) {
	t.ID = id
	var noNew uint64
	fields := map[string]*uint64{"CapInh": &t.Inheritable, "CapPrm": &t.Permitted, "CapEff": &t.Effective,
		"CapBnd": &t.Bounding, "CapAmb": &t.Ambient, "NoNewPrivs": &noNew}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		to := fields[string(name)]
		if to == nil {
			continue
		}
		if *to, err = strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64); err != nil {
			return t, fmt.Errorf("status of thread %d: %s: %w", id, name, err)
		}
		delete(fields, string(name))
	}
	if len(fields) > 0 {
		return t, fmt.Errorf("status of thread %d: %d fields are missing", id, len(fields))
	}
	t.NoNewPrivs = noNew == 1
	return t, nil
}
