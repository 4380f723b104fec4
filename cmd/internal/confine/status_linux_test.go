package confine

import (
	"os"
	"strings"
	"testing"
)

const status = "Name:\tx\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000003\n" +
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000005\nNoNewPrivs:\t1\nSeccomp:\t0\n"

func TestParse(t *testing.T) {
	got, err := parse(7, []byte(status))
	want := Thread{ID: 7, Inheritable: 1, Permitted: 2, Effective: 3, Bounding: 1<<41 - 1, Ambient: 5, NoNewPrivs: true}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	// What is not there is not zero.
	for line := range strings.Lines(status) {
		without := strings.Replace(status, line, "", 1)
		_, err := parse(7, []byte(without))
		if needed := strings.HasPrefix(line, "Cap") || strings.HasPrefix(line, "NoNew"); (err != nil) != needed {
			t.Errorf("without %q: %v", line, err)
		}
	}
	for _, bad := range []string{"", "CapEff:\n", strings.Replace(status, "0003", "x", 1), status[:60]} {
		if _, err := parse(7, []byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestStatus(t *testing.T) {
	threads, err := Status()
	if err != nil {
		t.Fatal(err)
	}
	for _, th := range threads {
		if th.ID == os.Getpid() {
			return
		}
	}
	t.Errorf("the first thread is not among %+v", threads)
}
