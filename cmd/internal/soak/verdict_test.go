//go:build linux

package soak

import (
	"slices"
	"strings"
	"testing"
)

// course makes samples from a first one and what each has more than the one before.
func course(n int, more func(i int, s *Sample)) (all []Sample) {
	s := Sample{RSS: 200 << 20, Threads: 10, Files: 50, Goroutines: 12}
	for i := range n {
		more(i, &s)
		all = append(all, s)
	}
	return all
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		more   func(i int, s *Sample)
		n      int
		filled bool
		want   string
	}{
		"steady":                    {func(int, *Sample) {}, 60, true, ""},
		"as noisy as collecting is": {func(i int, s *Sample) { s.RSS = 200<<20 + int64(i%7)<<21 }, 60, true, ""},
		"full after the beginning":  {func(i int, s *Sample) { s.RSS = min(int64(i)<<24, 200<<20) }, 60, true, ""},
		"a thread more":             {func(i int, s *Sample) { s.Threads = 10 + i/40 }, 60, true, ""},
		"memory that grows":         {func(_ int, s *Sample) { s.RSS += 1 << 20 }, 60, true, "memory"},
		"the same while it may":     {func(_ int, s *Sample) { s.RSS += 1 << 20 }, 60, false, ""},
		"goroutines":                {func(i int, s *Sample) { s.Goroutines = 12 + i/10 }, 60, false, "goroutines"},
		"descriptors":               {func(i int, s *Sample) { s.Files += i / 59 }, 60, false, "descriptors"},
		"threads":                   {func(_ int, s *Sample) { s.Threads++ }, 60, false, "threads"},
		"too few":                   {func(int, *Sample) {}, 5, false, "too few"},
		"silent about itself":       {func(_ int, s *Sample) { s.Goroutines = 0 }, 60, false, "nothing of its goroutines"},
	} {
		got := Judge(course(c.n, c.more), c.filled)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// The same seed makes the same flows, no two flows are alike, and every kind is
// among them.
func TestChurn(t *testing.T) {
	a, err := NewChurn(7)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.talks) != len(Names) || len(a.talks[0]) < 4 {
		t.Fatalf("%d conversations, %d turns in the first", len(a.talks), len(a.talks[0]))
	}
	seen := map[string]bool{}
	kinds := map[int]int{}
	for i := range 2000 {
		frames := a.Next()
		kinds[len(frames)]++
		for _, f := range frames {
			if len(f.Bytes) < 42 || len(f.Bytes) > 14+1500 {
				t.Fatalf("flow %d: a frame of %d bytes", i, len(f.Bytes))
			}
		}
		first := string(frames[0].Bytes[14+12 : 14+24]) // addresses and ports
		if !frames[0].Up || seen[first] {
			t.Errorf("flow %d is not new", i)
		}
		seen[first] = true
	}
	if kinds[2] != 400 || kinds[4] != 100 || kinds[6] != 200 || len(kinds) < 4 { // SYN or DNS, QUIC, reset, whole
		t.Errorf("flows by frames: %v", kinds)
	}
}

// A name that comes once is where the other one was.
func TestRenamed(t *testing.T) {
	talk := []turn{{true, []byte("..web.telegram.org..")}, {false, []byte("x")}}
	out := renamed(talk, "web.telegram.org", 0xabc)
	if got := string(out[0].bytes); got != "..000000000abc.net.." || string(talk[0].bytes) != "..web.telegram.org.." || !slices.Equal(out[1].bytes, talk[1].bytes) {
		t.Errorf("%q", got)
	}
}
