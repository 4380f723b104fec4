package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary stand in for the children.
func TestMain(m *testing.M) {
	switch os.Getenv("BENCH_TEST_CHILD") {
	case "":
		os.Exit(m.Run())
	case "spin":
		for begin := time.Now(); time.Since(begin) < 100*time.Millisecond; {
		}
	case "fill":
		b := make([]byte, 64<<20)
		for i := range b {
			b[i] = 1
		}
	case "fail":
		os.Exit(1)
	case "part": // of this program
		if known, err := new(options).livePart(os.Args[1:]); !known || err != nil {
			fmt.Fprintln(os.Stderr, os.Args[1:], err)
			os.Exit(1)
		}
	}
}

// child runs this test binary as something else.
func child(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "BENCH_TEST_CHILD="+what)
	return c
}

func TestMeasureSeesTimeAndMemoryOfTheChild(t *testing.T) {
	spin, err := measure(child(t, "spin"))
	if err != nil {
		t.Fatal(err)
	}
	fill, err := measure(child(t, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	if spin.wall < 100*time.Millisecond || spin.cpu <= 0 {
		t.Errorf("spinning for 0.1 s took %v, %v of CPU", spin.wall, spin.cpu)
	}
	if fill.rss < 64<<20 || spin.rss >= fill.rss {
		t.Errorf("peak of %d bytes filling 64 MiB, %d without", fill.rss, spin.rss)
	}
}

func TestAChildThatFailsIsAnError(t *testing.T) {
	if _, err := measure(child(t, "fail")); err == nil {
		t.Error("no error")
	}
}

func TestMediansAreTakenOfEachFigure(t *testing.T) {
	got := median([]cost{{cpu: 3, wall: 10, rss: 7}, {cpu: 1, wall: 30, rss: 8}, {cpu: 2, wall: 20, rss: 900}})
	if got != (cost{cpu: 2, wall: 20, rss: 8}) {
		t.Errorf("%+v", got)
	}
	if got := median([]cost{{cpu: 1}, {cpu: 2}}); got.cpu != 1 {
		t.Errorf("of two: %+v", got)
	}
}

func TestDigestKeepsTheLastLineHoweverItIsCut(t *testing.T) {
	const text = "{\"type\":\"meta\"}\n{\"type\":\"flow\"}\n{\"type\":\"stats\",\"packets\":7,\"flows\":3,\"evicted\":1,\"lost\":0}\n"
	var sums []string
	for size := 1; size <= len(text); size++ {
		d := newDigest()
		for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
			fmt.Fprint(d, rest[:min(size, len(rest))])
		}
		s, err := d.stats()
		if err != nil || s != (statsRecord{Type: "stats", Packets: 7, Flows: 3, Evicted: 1}) {
			t.Fatalf("cut into %d: %+v, %v", size, s, err)
		}
		sums = append(sums, d.sum())
	}
	if sums[0] != sums[len(sums)-1] {
		t.Error("the hash depends on how output is cut")
	}
}

func TestDigestRefusesOutputWithoutStats(t *testing.T) {
	for _, text := range []string{"", "{\"type\":\"flow\"}\n", "panic: x\n"} {
		d := newDigest()
		if _, err := strings.NewReader(text).WriteTo(d); err != nil {
			t.Fatal(err)
		}
		if _, err := d.stats(); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}
