package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// ending ends the capture after so many seconds.
func ending(args ...string) []string { return append([]string{"--duration", "5s"}, args...) }

func TestWatchEndsWhenItsTimeIsOver(t *testing.T) {
	w := newWatch(answered("max", answer.OK, "none"), step{now: 1, packets: 3}, step{now: 2, packets: 1})
	got := w.do(ending("-i", "eth0", "--json")...)
	rs := records(t, got.stdout)
	if got.code != 0 || kinds(rs) != "meta service stats" || fmt.Sprint(rs[2]["packets"]) != "4" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if w.src.now != 6 { // it began at 1
		t.Errorf("ended at %v s", w.src.now)
	}
	meta, file := rs[0], rs[0]["files"].([]any)[0].(map[string]any)
	if meta["backend"] != "tcx" || file["name"] != "eth0" || file["link_type"] != "RAW" || meta["vantage"] != "auto" {
		t.Errorf("meta: %v", meta)
	}
	if !slices.Equal(w.wanted.interfaces, []string{"eth0"}) || w.wanted.backend != "auto" {
		t.Errorf("asked for %+v", w.wanted)
	}
}

// The order matters: privileges go before the first foreign byte is read.
func TestPrivilegesAreGivenUpBetweenOpeningAndReading(t *testing.T) {
	w := newWatch(nil, step{now: 1})
	dir := t.TempDir()
	seen, ready := filepath.Join(dir, "seen.pcapng"), filepath.Join(dir, "ready")
	got := w.do(ending("-i", "eth0", "--record", seen, "--record-size", "5M", "--record-keep", "3", "--record-payload", "--ready-file", ready)...)
	if order := strings.Join(slices.Compact(slices.Clone(w.log)), " "); got.code != 0 || order != "open record confine read close" {
		t.Errorf("code %d, order %s, %s", got.code, order, got.stderr)
	}
	if c := w.recorded; c.Path != seen || !c.Payload || c.MaxSize != 5<<20 || c.Keep != 3 {
		t.Errorf("recorded %+v", c)
	}
	if len(w.reads) != 0 || !slices.Equal(w.writes, []string{dir}) {
		t.Errorf("may read %q and write %q", w.reads, w.writes)
	}
	w = newWatch(nil, step{now: 1})
	w.app.watch.confine = func([]string, []string) (string, error) { return "", errors.New("refused") }
	if got := w.do(ending("-i", "eth0", "--ready-file", ready)...); got.code == 0 || slices.Contains(w.log, "read") {
		t.Errorf("read on with privileges: code %d, %v", got.code, w.log)
	}
	if _, err := os.Stat(ready); err == nil {
		t.Error("it was called ready")
	}
}

func TestTheReadyFileIsThereWhileItRuns(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	if err := os.Symlink("/dev/null/nowhere", ready); err != nil { // nothing is written through it
		t.Fatal(err)
	}
	var inside string
	w := newWatch(nil, step{now: 1, do: func() {
		b, err := os.ReadFile(ready)
		info, _ := os.Lstat(ready)
		inside = fmt.Sprint(string(b), err, info.Mode())
	}})
	got := w.do(ending("-i", "eth0", "--ready-file", ready)...)
	if want := fmt.Sprint(fmt.Sprintln(os.Getpid()), nil, os.FileMode(0o600)); got.code != 0 || inside != want {
		t.Errorf("code %d, %q, want %q", got.code, inside, want)
	}
	if left, _ := os.ReadDir(filepath.Dir(ready)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnInterruptOfWatchIsItsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	w := newWatch(answered("max", answer.Blocked, "interference"), step{now: 1, packets: 2}, step{now: 2, do: cancel},
		step{now: 3, packets: 1}, step{now: 4, packets: 1}, step{now: 5, packets: 1})
	w.app.now = func() time.Time { return liveBegan.Add(3500 * time.Millisecond) } // when it was interrupted
	got := w.within(ctx, "-i", "eth0", "--json", "--exit-code")
	rs := records(t, got.stdout)
	if got.code != exitInterference || kinds(rs) != "meta service stats" || strings.Contains(got.stderr, "interrupted") {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	// What had passed when it was interrupted is read, and no more.
	if packets := fmt.Sprint(rs[2]["packets"]); packets != "4" {
		t.Errorf("%s packets", packets)
	}
	ctx, cancel = context.WithCancel(context.Background())
	w = newWatch(nil, step{now: 1, do: cancel})
	if got := w.within(ctx, "-i", "eth0"); got.code != exitDone {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
}

func TestWatchExitCodes(t *testing.T) {
	rules := file(t, t.TempDir(), "rules.yaml", []byte("no: rules"))
	tests := []struct {
		name string
		with func(*livewatch)
		args string
		code int
		says string
	}{
		{"no interface", nil, "", 2, "name an interface with -i; there are: eth0, lo, wlan0"},
		{"an interface that is not there", nil, "-i eth9", 2, "no interface eth9 here; there are: eth0, lo, wlan0"},
		{"one that is there and one that is not", nil, "-i eth0,wg0", 0, "listening on eth0, wg0 by tcx"},
		{"a backend that is none", nil, "-i eth0 --backend xdp", 2, "auto, tcx, clsact, afpacket"},
		{"a page, which needs the packets again", nil, "-i eth0 --html r.html", 2, "read the packets a second time: keep them by --record"},
		{"slices, which do, too", nil, "-i eth0 --slice d", 2, "read the packets a second time: keep them by --record"},
		{"a negative time", nil, "-i eth0 --duration -5s", 2, "--duration must not be negative"},
		{"a time without a unit", nil, "-i eth0 --duration 5", 2, "missing unit"},
		{"a negative interval", nil, "-i eth0 --interval -1s", 2, "--interval must not be negative"},
		{"no file kept", nil, "-i eth0 --record x --record-keep 0", 2, "--record-keep must be 1 or more"},
		{"payload of no recording", nil, "-i eth0 --record-payload", 2, "--record-payload needs --record FILE"},
		{"the plan of live captures", nil, "-i eth0 --plan live", 0, ""},
		{"another plan", nil, "-i eth0 --plan full", 2, "--plan"},
		{"an unknown service", nil, "-i eth0 --only telegraph", 2, `no service "telegraph"`},
		{"rules that are none", nil, "-i eth0 --services " + rules, 2, "rules.yaml"},
		{"an expression that is none", nil, "-i eth0 ether host 1", 2, `"ether host 1" as an expression`},
		{"a ready file nowhere", nil, "-i eth0 --ready-file /nowhere/ready", 2, "/nowhere"},
		{"a missing privilege", func(w *livewatch) {
			w.openErr = &bpf.Unavailable{What: "listening on eth0", Lacks: "capability CAP_BPF", Advice: "run it as root"}
		}, "-i eth0", 3, "chokepoint: listening on eth0 needs capability CAP_BPF: run it as root\n"},
		{"a missing privilege in another's words", func(w *livewatch) { w.openErr = fmt.Errorf("socket: %w", syscall.EPERM) }, "-i eth0", 3, "socket"},
		{"another system", func(w *livewatch) { w.openErr = fmt.Errorf("needs Linux: %w", errors.ErrUnsupported) }, "-i eth0", 3, "needs Linux"},
		{"an interface that cannot be waited for", func(w *livewatch) { w.openErr = fmt.Errorf("no interface wg0: %w", os.ErrNotExist) }, "-i eth0,wg0", 2, "no interface wg0"},
		{"a source that breaks", func(w *livewatch) {
			w.src.steps = []step{{now: 1, packets: 1, err: errors.New("network is down\x1b[31m")}}
		}, "-i eth0", 1, `network is down\x1b[31m`},
		{"a fault of our own", func(w *livewatch) { w.src.steps = []step{{now: 1, do: func() { panic("boom") }}} }, "-i eth0", 4, "eth0: a fault of chokepoint, please report it: boom"},
		{"an interface that cannot be left", func(w *livewatch) {
			w.src.closed = &bpf.Unavailable{What: "detaching from eth0", Lacks: "capability CAP_NET_ADMIN"}
		}, "-i eth0", 0, "warning: detaching from eth0"},
		{"a recording that cannot be ended", func(w *livewatch) { w.src.closed = errors.New("disk full") }, "-i eth0", 4, "disk full"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWatch(nil, step{now: 1, packets: 1})
			if tt.with != nil {
				tt.with(w)
			}
			got := w.do(ending(strings.Fields(tt.args)...)...)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.says) || raw(strings.ReplaceAll(got.stderr, "\t", "")) != nil {
				t.Errorf("code %d, stderr %q", got.code, got.stderr)
			}
			if opened := slices.Contains(w.log, "open"); tt.code == 2 && opened && w.openErr == nil && !slices.Contains(w.log, "close") {
				t.Error("left open")
			}
			if (tt.code == 2 || tt.code == 3) && got.stdout != "" {
				t.Errorf("stdout %q", got.stdout)
			}
		})
	}
}

func TestTheBackendIsNamedWithWhatItMisses(t *testing.T) {
	run := func(b liveBackend, args ...string) told {
		w := newWatch(nil, step{now: 1})
		w.backend = b
		return w.do(ending(append(args, "-i", "eth0")...)...)
	}
	if got := run(liveBackend{name: "tcx"}); got.stderr != "chokepoint: listening on eth0 by tcx\n" {
		t.Errorf("got %q", got.stderr)
	}
	if got := run(liveBackend{name: "tcx"}, "-q"); got.stderr != "" {
		t.Errorf("quiet: %q", got.stderr)
	}
	poor := liveBackend{"afpacket", []string{"drops of this host's kernel", "whose sockets they are"}, []string{"tcx: needs Linux 6.6"}}
	want := "chokepoint: warning: listening on eth0 by afpacket; lost by it: drops of this host's kernel; whose sockets they are\n"
	if got := run(poor); got.stderr != want {
		t.Errorf("got %q", got.stderr)
	}
	if got := run(poor, "-v"); !strings.Contains(got.stderr, "tcx: needs Linux 6.6") || !strings.Contains(got.stderr, "no capabilities") {
		t.Errorf("verbose: %q", got.stderr)
	}
	meta := records(t, run(poor, "--json").stdout)[0]
	if h := fmt.Sprint(meta["health"]); strings.Count(h, "code:backend") != 2 {
		t.Errorf("health %s", h)
	}
}

func TestWatchWithoutATerminalTellsLinesAndThenTheScreen(t *testing.T) {
	w := newWatch(nil)
	w.src.steps = []step{{now: 1, packets: 2}, {now: 12, packets: 1, lost: 7}}
	w.app.table = newApp(nil, w.stdout, w.stderr).table
	w.app.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		var b capture.Batch
		if opt.Interval != plainInterval {
			t.Errorf("interval %v", opt.Interval)
		}
		err := errors.Join(src.Read(&b), found("max", finding.ResetInjected, finding.Confirmed)(sink), src.Read(&b),
			answered("max", answer.Blocked, "interference")(sink))
		stats, _ := drain(ctx, src)
		stats.First, stats.Last = liveBegan, liveBegan.Add(5*time.Minute)
		return stats, err
	}
	got := w.do("-i", "eth0", "--duration", "12s")
	want := "03:11:03Z  finding f1 sure reset.injected max  so it is\n" +
		"03:11:14Z  capture  lost 7 of 10 packets\n" +
		"03:11:14Z  max  BLOCKED  so it is\n" +
		"\n" +
		"eth0  live (tcx)  2026-11-21 03:11:02Z +5m00s  3 packets  lost 7\n"
	if got.code != 0 || !strings.HasPrefix(got.stdout, want) {
		t.Errorf("code %d\n%s\nwant\n%s", got.code, got.stdout, want)
	}
	quiet := newWatch(answered("max", answer.OK, "none"), step{now: 1, packets: 1, lost: 7})
	quiet.app.table = newApp(nil, nil, nil).table
	if got := quiet.do(ending("-i", "eth0", "-q")...); strings.Contains(got.stdout, "03:11") || !strings.Contains(got.stdout, "so it is") {
		t.Errorf("quiet: %s", got.stdout)
	}
}

// Live evidence is an interface and a number; no filter leads to it.
func TestEvidenceOfWatch(t *testing.T) {
	tell := func(s classify.Sink) error {
		return s.Finding(&finding.Finding{ID: "f1", Kind: finding.ResetSeen, Verdict: finding.Unexplained, Segment: finding.UnknownSegment,
			Summary: "seen", Packets: []uint64{3}, Filter: "frame.number==3", For: []finding.Evidence{{Code: "R1", Family: finding.Identity, Class: finding.M, Text: "so", Packets: []uint64{2, 9}}}})
	}
	for _, tt := range []struct{ interfaces, want string }{
		{"wlan0", "[map[iface:wlan0 n:2 packet:2] map[iface:wlan0 n:3 packet:3] map[iface:wlan0 n:9 packet:9]]"},
		{"eth0,wlan0", "[map[iface:eth0 n:2 packet:2] map[iface:wlan0 n:3 packet:3] map[n:9 packet:9]]"}, // the last was not seen
	} {
		w := newWatch(tell, step{now: 1, packets: 4})
		rs := records(t, w.do(ending("-i", tt.interfaces, "--json")...).stdout)
		if got := fmt.Sprint(rs[1]["refs"]); got != tt.want || rs[1]["filter"] != nil {
			t.Errorf("%s: %s, filter %v", tt.interfaces, got, rs[1]["filter"])
		}
	}
}

func TestPacketsOfLongAgoAreOfNoInterface(t *testing.T) {
	s := newWatched([]string{"a", "b"})
	log := []string{}
	const each = 4096
	steps := append(slices.Repeat([]step{{now: 1, packets: each}}, remembered/each), step{now: 1, packets: 1})
	s.Source = &made{names: []string{"a", "b"}, steps: steps, log: &log}
	var b capture.Batch
	for range steps {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
	}
	for num, want := range map[uint64]string{0: "", 1: "", 2: "a", 3: "b", remembered + 1: "b", remembered + 2: ""} {
		if got := s.iface(num); got != want {
			t.Errorf("packet %d: %q, want %q", num, got, want)
		}
	}
}

func TestAHangupReadsTheRulesAgain(t *testing.T) {
	w := newWatch(nil, step{now: 1, do: func() { syscall.Kill(os.Getpid(), syscall.SIGHUP) }})
	w.app.analyze = func(_ context.Context, src capture.Source, _ classify.Sink, opt classify.Options) (classify.Stats, error) {
		var b capture.Batch
		err := src.Read(&b)
		select {
		case r := <-opt.Reload:
			if r == nil || r == opt.Rules {
				t.Error("not read again")
			}
		case <-time.After(10 * time.Second):
			t.Error("the hangup was not heard")
		}
		return classify.Stats{}, err
	}
	dir := t.TempDir()
	rules := file(t, dir, "mine.yaml", []byte(myRules))
	if got := w.do("-i", "eth0", "--services", rules); got.code != 0 || !slices.Equal(w.reads, []string{dir}) {
		t.Errorf("code %d, may read %q: %s", got.code, w.reads, got.stderr)
	}
}

const myRules = `date: 2026-11-22
id: mine
name: Mine
category: messenger
functions: [chat]
domains:
  - match: suffix
    fn: chat
    conf: high
    src: [v2fly]
    names: [mine.example.org]
`

// The same bytes give the same findings, whichever door they come in by, and
// answers on the way take nothing from those at the end.
func TestWatchFindsWhatAnalyzeFinds(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range cases {
		content, ok := c.File("client.pcapng")
		if !slices.Contains([]string{"signal-syn-blackhole", "telegram-policed", "server-aborts"}, c.Name) || !ok {
			continue
		}
		compared++
		for _, interval := range []string{"0", "1s"} {
			src, err := pcapfile.New(bytes.NewReader(content), "x", pcapfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			w := newWatch(nil)
			w.replayed(src)
			got := w.do("-i", "eth0", "--json", "--interval", interval)
			want, have := lastRecords(t, string(c.Want)), lastRecords(t, got.stdout)
			if got.code != 0 || len(have) < 3 || !maps.EqualFunc(want, have, func(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }) {
				t.Errorf("%s every %s: code %d\ngot  %v\nwant %v", c.Name, interval, got.code, have, want)
			}
		}
	}
	if compared != 3 {
		t.Errorf("%d cases compared", compared)
	}
}

// lastRecords are the last record of each flow, finding and service, without what
// depends on the door.
func lastRecords(t *testing.T, lines string) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, r := range records(t, lines) {
		delete(r, "filter")
		delete(r, "refs")
		switch r["type"] {
		case "flow", "finding":
			out[r["id"].(string)] = r
		case "service":
			out[r["service"].(string)] = r
		case "stats":
			out["stats"] = r
		}
	}
	return out
}

func TestAnExpressionReachesTheLiveRun(t *testing.T) {
	w := newWatch(nil, step{now: 1})
	filtered := false
	inner := w.app.analyze
	w.app.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		filtered = opt.Filter != nil
		return inner(ctx, src, sink, opt)
	}
	got := w.do("-i", "eth0", "--duration", "1s", "--json", "tcp", "port", "443")
	if meta := records(t, got.stdout)[0]; !filtered || meta["expr"] != "tcp port 443" || !strings.Contains(got.stderr, "controls may be missing") {
		t.Errorf("filtered %v, meta %v, stderr %s", filtered, meta, got.stderr)
	}
}

// What the kernel has only counted when the end comes is asked for.
func TestTheLastCountsAreAskedFor(t *testing.T) {
	for _, how := range []string{"duration", "interrupt"} {
		ctx, stop := context.WithCancel(context.Background())
		args := []string{"watch", "-i", "eth0", "--json", "--duration", "5s"}
		var steps []step
		if how == "interrupt" {
			args, steps = args[:4], []step{{now: 1}, {now: 2, do: stop}}
		}
		w := newWatch(nil, steps...)
		w.src.late = 15
		var told uint32
		w.app.analyze = func(_ context.Context, src capture.Source, _ classify.Sink, _ classify.Options) (classify.Stats, error) {
			var b capture.Batch
			for {
				err := src.Read(&b)
				for _, n := range b.Notes {
					told += n.Count
				}
				if err != nil {
					return classify.Stats{}, nil
				}
			}
		}
		if code := w.app.run(ctx, args); code != 0 || told != 15 {
			t.Errorf("%s: code %d, %d of 15 told", how, code, told)
		}
		stop()
	}
}
