package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
)

const denied = "../../pcaps/whatsapp-denied-and-dropped/client.pcapng"

// TestRedactedOutputsNameNobody: neither as a screen nor as records, and a warning
// says once what is left.
func TestRedactedOutputsNameNobody(t *testing.T) {
	for _, form := range []string{"--verbose", "--json"} {
		got := outside("analyze", form, "--redact", "--all", denied, denied)
		for _, left := range []string{"192.168.1.", "denied-and-dropped", "example.net", "2026-11-20"} {
			if strings.Contains(got.stdout, left) {
				t.Errorf("%s: %s is told", form, left)
			}
		}
		if got.code != 0 || !strings.Contains(got.stdout, "2000-01-01") || !strings.Contains(got.stdout, "web.whatsapp.com") {
			t.Errorf("%s: code %d, %s", form, got.code, got.stdout)
		}
		if strings.Count(got.stderr, "flow logs") != 1 {
			t.Errorf("%s: stderr %s", form, got.stderr)
		}
	}
}

// TestRedactedRecordsAreRecords: as many as without, of the same schema, and two
// captures of a command agree on who is who; two commands do not.
func TestRedactedRecordsAreRecords(t *testing.T) {
	client := func(r map[string]any) string { return fmt.Sprint(r["client"]) }
	plain, got := outside("analyze", "--json", "--all", denied), outside("analyze", "--json", "--all", "--redact", denied, denied)
	rs := records(t, got.stdout)
	if n := len(records(t, plain.stdout)); len(rs) != 2*n {
		t.Fatalf("%d records, want twice %d", len(rs), n)
	}
	half := len(rs) / 2
	for i := range half {
		if client(rs[i]) != client(rs[half+i]) {
			t.Errorf("record %d is of %s, and the second time of %s", i, client(rs[i]), client(rs[half+i]))
		}
	}
	if list, _ := rs[0]["redacted"].([]any); len(list) < 5 {
		t.Errorf("meta says %v", rs[0])
	}
	again := records(t, outside("analyze", "--json", "--all", "--redact", denied).stdout)
	if client(again[1]) == client(rs[1]) {
		t.Error("two runs call a client alike")
	}
}

func TestTimesCanBeKept(t *testing.T) {
	got := outside("analyze", "-q", "--json", "--redact", "--keep-time", denied)
	if !strings.Contains(got.stdout, `"first":"2026-11-20T18:02:13`) || strings.Contains(got.stdout, "2000-01-01") || strings.Contains(got.stdout, "192.168.1.") {
		t.Errorf("got %s", got.stdout)
	}
}

// TestWhatWouldNotBeRedactedIsRefused: rather than shown as it is.
func TestWhatWouldNotBeRedactedIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"analyze", "--redact", "--explain", "f1", denied}, {"analyze", "--redact", "--why-not", "whatsapp", denied}, {"analyze", "--keep-time", denied},
		{"analyze", "--redact", "--full", "--html", "x.html", denied},
	} {
		if got := outside(args...); got.code != exitUsage || got.stdout != "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

// TestPagesAndSlicesAreRedacted: a page also without --redact, slices with it; all of
// them and the screen call an end alike.
func TestPagesAndSlicesAreRedacted(t *testing.T) {
	dir := t.TempDir()
	page, slices := filepath.Join(dir, "r.html"), filepath.Join(dir, "s")
	for _, args := range [][]string{{"analyze", "--html", page, denied}, {"analyze", "--redact", "--html", page, "--slice", slices, denied}} {
		got := outside(args...)
		b, err := os.ReadFile(page)
		if got.code != 0 || err != nil || len(b) < 10_000 {
			t.Fatalf("code %d, %s, %v", got.code, got.stderr, err)
		}
		for _, left := range []string{"192.168.1.", "denied-and-dropped", "example.net", "2026-11-20", "18:02:1"} {
			if strings.Contains(string(b), left) {
				t.Errorf("%v: %s is told", args, left)
			}
		}
		if !sameClient(got.stdout, string(b)) && len(args) > 4 {
			t.Errorf("the page calls the client otherwise than %s", got.stdout)
		}
	}
	files, err := filepath.Glob(slices + "/*.pcapng")
	if err != nil || len(files) == 0 {
		t.Fatalf("no slices: %v", err)
	}
	client := clientOf(outside("analyze", files[0]).stdout)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil || strings.Contains(string(b), "\xc0\xa8\x01") || strings.Contains(string(b), "192.168.1") || strings.Contains(string(b), "\x16\x03\x01\x02") {
			t.Errorf("%s: a client or a hello is in it, %v", f, err)
		}
		if got := outside("analyze", "--json", f); got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, `"malformed":{}`) || !strings.Contains(got.stdout, client) {
			t.Errorf("%s: code %d, %s", f, got.code, got.stderr)
		}
	}
}

// clientOf is whom a screen says the capture was taken on.
func clientOf(screen string) string {
	_, rest, _ := strings.Cut(screen, "client itself, ")
	client, _, _ := strings.Cut(rest, ". Controls")
	client, _, _ = strings.Cut(client, ". No control")
	return client
}

// sameClient reports whether a page tells of the client that a screen does.
func sameClient(screen, page string) bool {
	client := clientOf(screen)
	return strings.HasPrefix(client, "198.1") && strings.Contains(page, client)
}

// TestServicesOfTheUsersOwnAreReplaced: their names are his.
func TestServicesOfTheUsersOwnAreReplaced(t *testing.T) {
	got := outside("analyze", "-v", "--redact", "--all", "--expect", "petrov-home", "--mine", "vpn.petrov.example:443=petrov-home", "--mine", "192.168.1.1:53=petrov-home", denied)
	if got.code != 0 || strings.Contains(got.stdout, "petrov") || strings.Contains(got.stdout, "192.168.1.") {
		t.Errorf("code %d, %s", got.code, got.stdout)
	}
}

// TestWatchIsRedactedToo: what it says while it goes on, and at the end.
func TestWatchIsRedactedToo(t *testing.T) {
	tell := func(s classify.Sink) error {
		f := &fact.Flow{ID: 1, Start: liveBegan.UnixNano(), Last: liveBegan.UnixNano()}
		f.Key.Src, f.Key.Dst = netip.MustParseAddr("::ffff:192.168.1.23").As16(), netip.MustParseAddr("::ffff:10.9.9.9").As16()
		f.Names.SNI = "nas.petrov.example"
		if err := s.Flow(f, nil); err != nil {
			return err
		}
		return s.Service(&answer.Service{Service: "max", Status: answer.OK, Sentence: "max: nas.petrov.example at 10.9.9.9 works"})
	}
	for _, form := range []string{"--json", "--all"} {
		got := newWatch(tell, step{now: 1, packets: 3}).do(ending("-i", "eth0", "--redact", form)...)
		for _, left := range []string{"192.168.", "10.9.9.9", "petrov", "eth0", "2026-11-21", "03:11:"} {
			if strings.Contains(got.stdout, left) {
				t.Errorf("%s: %s is told in %s", form, left, got.stdout)
			}
		}
		if got.code != 0 || !strings.Contains(got.stdout, "00:00:0") {
			t.Errorf("%s: code %d, %s%s", form, got.code, got.stdout, got.stderr)
		}
	}
}

// TestTheLivePageIsRedactedToo: what was counted so far as well, which comes by another
// way than records do.
func TestTheLivePageIsRedactedToo(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	w := newWatch(nil, step{now: 1, packets: 3})
	run, page := w.app.analyze, ""
	w.app.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		st, err := run(ctx, src, sink, opt)
		counted := classify.Stats{Packets: 3, First: liveBegan, Last: liveBegan.Add(time.Second)}
		counted.EncryptedDNS = []answer.EncryptedDNS{{Resolver: answer.UnknownResolver, Name: "dns.petrov.example", Flows: 1, First: liveBegan}}
		opt.Counted(&counted)
		page = fetched(func() (net.Conn, error) { return net.Dial("tcp4", at) }, at, "/")
		return st, err
	}
	got := w.do(ending("-i", "eth0", "--redact", "--listen", at)...)
	if got.code != 0 || !strings.HasPrefix(page, "200 ") || !strings.Contains(page, ".invalid") {
		t.Errorf("code %d, %s, page %s", got.code, got.stderr, page)
	}
	for _, left := range []string{"petrov", "eth0", "03:11:", "2026-11-21"} {
		if strings.Contains(page, left) {
			t.Errorf("%s is told in %s", left, page)
		}
	}
}
