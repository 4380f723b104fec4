package soak

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Sample is what a process costs at one time.
type Sample struct {
	RSS, Anon int64 // resident, bytes; Anon without mapped files and memory shared with the kernel
	Threads   int
	Files     int   // descriptors
	CPU       int64 // so far, ticks of 1/100 s

	// As the process says itself; 0 unless it did.
	Goroutines int
	Heap       int64 // in use, bytes
}

// Take looks at a process in /proc (proc_pid_status(5), proc_pid_stat(5)).
func Take(pid int) (s Sample, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch key {
		case "VmRSS":
			s.RSS = n << 10
		case "RssAnon":
			s.Anon = n << 10
		case "Threads":
			s.Threads = int(n)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return s, err
	}
	s.Files = len(files)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, err
	}
	// The second field is a name in brackets; utime and stime are the 14th and 15th.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, f := range fields[14-3 : 16-3] {
		n, _ := strconv.ParseInt(f, 10, 64)
		s.CPU += n
	}
	return s, nil
}
