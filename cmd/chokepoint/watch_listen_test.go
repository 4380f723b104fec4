package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
)

var pageAt = regexp.MustCompile(`http://(\S+)/ is the live page`)

// fetched is what is at a path of a server, as a client sees it that keeps nothing open.
func fetched(dial func() (net.Conn, error), host, path string) string {
	c, err := dial()
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	r, err := http.NewRequest(http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		return err.Error()
	}
	r.Close = true
	if err := r.Write(c); err != nil {
		return err.Error()
	}
	a, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return err.Error()
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	return fmt.Sprint(a.StatusCode, " ", string(b), err)
}

// TestWatchListens: the socket is there before privileges are given up, and nobody is
// answered before that.
func TestWatchListens(t *testing.T) {
	var early net.Conn
	var metrics, page, waited string
	w := newWatch(answered("max", answer.Blocked, "interference"), step{now: 1, packets: 3})
	l, err := net.Listen("tcp4", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	dial := func() (net.Conn, error) { return net.Dial("tcp4", at) }
	confine := w.app.watch.confine
	w.app.watch.confine = func(r, wr []string) (string, error) {
		if early, err = dial(); err != nil {
			t.Errorf("not bound yet: %v", err)
			return confine(r, wr)
		}
		fmt.Fprintf(early, "GET /metrics HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", at)
		_ = early.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := early.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("answered before privileges were given up")
		}
		return confine(r, wr)
	}
	w.src.steps = append(w.src.steps, step{now: 2, packets: 1, do: func() {
		_ = early.SetReadDeadline(time.Now().Add(patience))
		b, err := io.ReadAll(early)
		waited = fmt.Sprint(string(b), err)
		early.Close()
		metrics, page = fetched(dial, at, "/metrics"), fetched(dial, at, "/")
	}})
	got := w.do(ending("-i", "eth0", "--json", "--listen", at)...)
	if got.code != 0 || kinds(records(t, got.stdout)) != "meta service stats" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if m := pageAt.FindStringSubmatch(got.stderr); m == nil || m[1] != at {
		t.Errorf("says %q", got.stderr)
	}
	if !strings.Contains(metrics, "200") || !strings.Contains(metrics, "\nchokepoint_packets_total 3\n") || !strings.Contains(metrics, `backend="tcx"`) {
		t.Errorf("metrics: %s", metrics)
	}
	// The one that waited is answered as soon as it may be: maybe before anything is known.
	if !strings.HasPrefix(waited, "HTTP/1.1 200 OK") || !strings.Contains(waited, "\n# HELP ") {
		t.Errorf("the one that waited: %s", waited)
	}
	if !strings.HasPrefix(page, "200 <!DOCTYPE html>") {
		t.Errorf("page: %s", page)
	}
	if c, err := dial(); err == nil {
		c.Close()
		t.Error("it listens still")
	}
}

// TestRulesReadAgainAreCounted: a service that comes with rules read again has series
// of its own.
func TestRulesReadAgainAreCounted(t *testing.T) {
	w := newWatch(nil, step{now: 1})
	f := &watchFlags{at: netip.MustParseAddrPort("127.0.0.1:0"), listen: ":0"}
	f.interfaces, f.backend.value = []string{"eth0"}, "auto"
	f.interval, f.keep = time.Second, 1
	x, err := w.prepareWatch(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	x.present()
	series := func() (n int) {
		if err := x.served.metrics.Service(&answer.Service{Service: "mine", Status: answer.OK}); err != nil {
			t.Fatal(err)
		}
		x.opt.Counted(&classify.Stats{})
		all, err := x.served.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.GetName() == "chokepoint_service_works" {
				n += len(f.Metric)
			}
		}
		return n
	}
	if n := series(); n != 0 {
		t.Fatalf("%d series of a service that nobody knows", n)
	}
	f.mine = []string{"192.0.2.1:443=mine"}
	if _, err := x.reread(); err != nil {
		t.Fatal(err)
	}
	if n := series(); n != 4 {
		t.Errorf("%d series", n)
	}
}

func TestWatchListensWhereItCan(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct {
		at, more string
		code     int
		says     string
	}{
		{"9477", "", exitUsage, `--listen: "9477" as an address to listen on: host and port cannot be told apart; want HOST:PORT or :PORT`},
		{"example.org:9477", "", exitUsage, "neither an address nor localhost"},
		{l.Addr().String(), "", exitUsage, "chokepoint: listen tcp4 " + l.Addr().String() + ": bind: address already in use"},
		{"192.0.2.1:9477", "", exitUsage, "cannot assign requested address"},
		{":0", "--interval=0", exitUsage, "--listen needs an --interval above 0"},
		{":0", "", exitDone, "is the live page"},
		{":0", "-q", exitDone, ""},
		{"0.0.0.0:0", "", exitDone, "warning: --listen 0.0.0.0:0: whoever gets there sees what this capture sees"},
	} {
		w := newWatch(nil, step{now: 1})
		got := w.do(ending(strings.Fields("-i eth0 --listen " + c.at + " " + c.more)...)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.says) || c.code == exitUsage && len(w.log) > 0 || c.more == "-q" && got.stderr != "" {
			t.Errorf("%s %s: code %d, %q, %v", c.at, c.more, got.code, got.stderr, w.log)
		}
	}
}

// TestListeningChangesNothing: the records are the same, whether figures are kept or not.
func TestListeningChangesNothing(t *testing.T) {
	content, err := os.ReadFile("../../pcaps/telegram-policed/client.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, more := range []string{"", "--listen=:0"} {
		src, err := pcapfile.New(bytes.NewReader(content), "x", pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := newWatch(nil)
		w.replayed(src)
		got := w.do(strings.Fields("-i eth0 --json --all --interval 1s " + more)...)
		if got.code != 0 || strings.Contains(got.stderr, "is the live page") != (more != "") {
			t.Errorf("code %d: %s", got.code, got.stderr)
		}
		said = append(said, got.stdout)
	}
	if said[0] != said[1] || strings.Count(said[0], "\n") < 10 {
		t.Errorf("with figures\n%s\nwithout\n%s", said[1], said[0])
	}
}
