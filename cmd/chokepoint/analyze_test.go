package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

func TestEachFileIsACaptureOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	a, b := file(t, dir, "a.pcap", capturedAt(1, 2)), file(t, dir, "b.pcap", capturedAt(3))
	got := runWith(nil, answered("max", answer.OK, "none"), "analyze", "--json", a, b)
	rs := records(t, got.stdout)
	if kinds(rs) != "meta service stats meta service stats" {
		t.Fatalf("got %s", kinds(rs))
	}
	for i, want := range []struct{ name, packets string }{{a, "2"}, {b, "1"}} {
		name := rs[3*i]["files"].([]any)[0].(map[string]any)["name"]
		packets := fmt.Sprint(rs[3*i+2]["packets"])
		if name != want.name || packets != want.packets {
			t.Errorf("capture %d: got %v with %s packets", i, name, packets)
		}
	}
	if got.stderr != "" {
		t.Errorf("stderr: %q", got.stderr)
	}
}

func TestADirectoryIsOneCaptureOnlyWhenJoined(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "1.pcap", capturedAt(5))
	file(t, dir, "2.pcap", capturedAt(1, 2))
	if rs := records(t, runWith(nil, nil, "analyze", "--json", dir).stdout); kinds(rs) != "meta stats meta stats" {
		t.Errorf("apart: got %s", kinds(rs))
	}
	// The second file is the older one: packet 3 of the ring is the first of 1.pcap.
	tell := func(s classify.Sink) error {
		return s.Finding(&finding.Finding{ID: "f1", Kind: finding.ResetSeen, Verdict: finding.Unexplained,
			Segment: finding.UnknownSegment, Summary: "seen", Packets: []uint64{3}, Filter: "frame.number==3"})
	}
	rs := records(t, runWith(nil, tell, "analyze", "--json", "--join", dir).stdout)
	if kinds(rs) != "meta finding stats" {
		t.Fatalf("joined: got %s", kinds(rs))
	}
	ref := rs[1]["refs"].([]any)[0].(map[string]any)
	if ref["file"] != filepath.Join(dir, "1.pcap") || fmt.Sprint(ref["n"]) != "1" || rs[1]["filter"] != "frame.number==1" {
		t.Errorf("got %v, filter %v", ref, rs[1]["filter"])
	}
	if fmt.Sprint(rs[2]["packets"]) != "3" {
		t.Errorf("stats: got %v", rs[2])
	}
}

func TestATornFileIsAnalysedUpToWhereItBreaksAndNamed(t *testing.T) {
	path := file(t, t.TempDir(), "torn.pcap", torn())
	got := runWith(nil, answered("max", answer.OK, "none"), "analyze", "--json", path)
	if rs := records(t, got.stdout); kinds(rs) != "meta service stats" || fmt.Sprint(rs[2]["packets"]) != "2" {
		t.Errorf("got %s", got.stdout)
	}
	for _, part := range []string{path, fmt.Sprintf(`"byte":%d`, tornAt), "cut short", `"level":"error"`} {
		if !strings.Contains(got.stderr, part) {
			t.Errorf("stderr lacks %q: %s", part, got.stderr)
		}
	}
	plain := runWith(nil, nil, "analyze", path)
	want := fmt.Sprintf("chokepoint: %s: byte %d: record header cut short: file ends after 3 of 16 bytes (2 packets read)\n", path, tornAt)
	if plain.stderr != want {
		t.Errorf("got  %swant %s", plain.stderr, want)
	}
}

func TestEveryTornFileOfARingIsNamed(t *testing.T) {
	dir := t.TempDir()
	one, two := file(t, dir, "1.pcap", torn()), file(t, dir, "2.pcap", torn())
	got := runWith(nil, nil, "analyze", "--join", dir)
	if got.code != exitInput || strings.Count(got.stderr, "\n") != 2 || !strings.Contains(got.stderr, one) || !strings.Contains(got.stderr, two) {
		t.Errorf("code %d, stderr %s", got.code, got.stderr)
	}
}

func TestAFaultInOneCaptureDoesNotKeepTheNextFromBeingRead(t *testing.T) {
	dir := t.TempDir()
	a, b := file(t, dir, "a.pcap", capturedAt(1)), file(t, dir, "b.pcap", capturedAt(1))
	runs := 0
	got := runWith(nil, func(classify.Sink) error {
		if runs++; runs == 1 {
			panic("boom \x1b[31m")
		}
		return nil
	}, "analyze", "--exit-code", a, b)
	if got.code != exitFault || kinds(records(t, got.stdout)) != "meta meta stats" {
		t.Errorf("code %d: %s", got.code, got.stdout)
	}
	if !strings.Contains(got.stderr, a+": a fault of chokepoint") || !strings.Contains(got.stderr, `boom \x1b[31m`) || !strings.Contains(got.stderr, "goroutine ") {
		t.Errorf("stderr: %s", got.stderr)
	}
}

func TestStandardInputIsRead(t *testing.T) {
	got := runWith(bytes.NewReader(capturedAt(1, 2, 3)), nil, "analyze", "--json", "-")
	rs := records(t, got.stdout)
	if got.code != 0 || kinds(rs) != "meta stats" || fmt.Sprint(rs[1]["packets"]) != "3" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestANamedPipeIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	go os.WriteFile(path, capturedAt(1, 2), 0o600)
	got := runWith(nil, nil, "analyze", "--json", path)
	if rs := records(t, got.stdout); got.code != 0 || fmt.Sprint(rs[1]["packets"]) != "2" {
		t.Errorf("code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

// A pipe that stays open must not keep the answer from being printed.
func TestAnInterruptPrintsTheAnswerSoFar(t *testing.T) {
	stdin, feed := io.Pipe()
	defer feed.Close()
	go feed.Write(capturedAt(1, 2))
	a, stdout, stderr := testApp(stdin, answered("max", answer.OK, "none"))
	ctx, cancel := context.WithCancel(context.Background())
	inner := a.analyze
	a.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		time.AfterFunc(10*time.Millisecond, cancel) // the run is waiting for more by then, or about to
		return inner(ctx, src, sink, opt)
	}
	code := a.run(ctx, []string{"analyze", "--json", "-"})
	rs := records(t, stdout.String())
	if code != exitInput || kinds(rs) != "meta service stats" || fmt.Sprint(rs[2]["packets"]) != "2" {
		t.Errorf("code %d: %s", code, stdout)
	}
	if !strings.Contains(stderr.String(), "interrupted") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("stderr: %s", stderr)
	}
}

func TestAnInterruptBeforeTheFirstPacketEnds(t *testing.T) {
	stdin, feed := io.Pipe()
	defer feed.Close()
	a, _, stderr := testApp(stdin, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if code := a.run(ctx, []string{"analyze", "-"}); code != exitInput || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("code %d: %s", code, stderr)
	}
}

// broken is an output that fails after some writes.
type broken struct {
	writes int
	err    error
}

func (b *broken) Write(p []byte) (int, error) {
	if b.writes--; b.writes < 0 {
		return 0, b.err
	}
	return len(p), nil
}

func TestAReaderThatHasHadEnoughEndsQuietly(t *testing.T) {
	dir := t.TempDir()
	a1, b1 := file(t, dir, "a.pcap", capturedAt(1)), file(t, dir, "b.pcap", capturedAt(1))
	for writes := range 3 {
		a, _, stderr := testApp(nil, found("max", finding.ResetSeen, finding.Unexplained))
		a.stdout = &broken{writes, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}}
		if code := a.run(context.Background(), []string{"analyze", a1, b1}); code != 0 || stderr.Len() != 0 {
			t.Errorf("after %d writes: code %d, stderr %q", writes, code, stderr)
		}
	}
}

func TestOutputThatCannotBeWrittenIsNoFaultOfTheInput(t *testing.T) {
	path := file(t, t.TempDir(), "a.pcap", capturedAt(1))
	for writes := range 3 {
		a, _, stderr := testApp(nil, found("max", finding.ResetSeen, finding.Unexplained))
		a.stdout = &broken{writes, errors.New("no space left on device")}
		code := a.run(context.Background(), []string{"analyze", path})
		if code != exitFault || stderr.String() != "chokepoint: write output: no space left on device\n" {
			t.Errorf("after %d writes: code %d, stderr %q", writes, code, stderr)
		}
	}
}

func TestAnExpressionIsHandedOnAndWarnedOf(t *testing.T) {
	path := file(t, t.TempDir(), "a.pcap", capturedAt(1))
	a, stdout, stderr := testApp(nil, nil)
	inner, filtered := a.analyze, false
	a.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		filtered = opt.Filter != nil
		return inner(ctx, src, sink, opt)
	}
	if code := a.run(context.Background(), []string{"analyze", path, "tcp", "port", "443", "--json"}); code != 0 || !filtered {
		t.Errorf("code %d, filtered %v", code, filtered)
	}
	meta := records(t, stdout.String())[0]
	if meta["expr"] != "tcp port 443" || meta["health"].([]any)[0].(map[string]any)["code"] != "expression" {
		t.Errorf("meta: %v", meta)
	}
	if !strings.Contains(stderr.String(), "controls may be missing") {
		t.Errorf("stderr: %s", stderr)
	}
}

func TestOptionsReachTheRun(t *testing.T) {
	path := file(t, t.TempDir(), "a.pcap", capturedAt(1))
	a, _, stderr := testApp(nil, nil)
	var got classify.Options
	inner := a.analyze
	a.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
		got = opt
		return inner(ctx, src, sink, opt)
	}
	args := "analyze --all --expect whatsapp,telegram --expect max --memory 64M --workers 3 --vantage gateway -v -r"
	if code := a.run(context.Background(), append(strings.Fields(args), path)); code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	if !got.All || strings.Join(got.Expect, " ") != "whatsapp telegram max" || got.Memory != 64<<20 || got.Workers != 3 ||
		got.Vantage != "gateway" || got.Rules == nil || got.Filter != nil || got.Seed != 0 {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(stderr.String(), "1 packets in ") || !strings.Contains(stderr.String(), "3 workers") {
		t.Errorf("no speed on stderr: %q", stderr)
	}
}

func TestOldRulesAreWarnedOfOnceAndOnlyOnStderr(t *testing.T) {
	dir := t.TempDir()
	a, b := file(t, dir, "a.pcap", capturedAt(1)), file(t, dir, "b.pcap", capturedAt(1))
	fresh := runWith(nil, nil, "analyze", a, b)
	app, stdout, stderr := testApp(nil, nil)
	rules, err := loadRules(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	app.now = func() time.Time { return rules.Date().AddDate(0, 0, 61) }
	app.run(context.Background(), []string{"analyze", a, b})
	if strings.Count(stderr.String(), "61 days old") != 1 || stdout.String() != fresh.stdout {
		t.Errorf("stderr %q", stderr)
	}
	app.now = func() time.Time { return rules.Date().AddDate(0, 0, 60) }
	stderr.Reset()
	app.run(context.Background(), []string{"analyze", a})
	if stderr.Len() != 0 {
		t.Errorf("after 60 days: %q", stderr)
	}
	app.now = func() time.Time { return rules.Date().AddDate(1, 0, 0) }
	app.run(context.Background(), []string{"analyze", "-q", a})
	if stderr.Len() != 0 {
		t.Errorf("with -q: %q", stderr)
	}
}

func TestMetaSaysWhatLimitsTheAnswer(t *testing.T) {
	var b bytes.Buffer
	w, err := pcapfile.NewWriter(&b, []capture.Interface{
		{Name: "eth0", Link: capture.LinkEthernet, Snaplen: 96, Filter: "host 192.0.2.1"}, {Name: "usb0", Link: 189, Snaplen: 262144},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(pcapfile.Record{Time: 1, Frame: make([]byte, 60)})
	w.Flush()
	meta := records(t, runWith(&b, nil, "analyze", "--json", "-").stdout)[0]
	f := meta["files"].([]any)[0].(map[string]any)
	if f["link_type"] != "EN10MB+USB_LINUX" || fmt.Sprint(f["snaplen"]) != "96" || f["filter"] != "host 192.0.2.1" || f["name"] != "-" {
		t.Errorf("file: %v", f)
	}
	var codes []string
	for _, h := range meta["health"].([]any) {
		codes = append(codes, h.(map[string]any)["code"].(string))
	}
	if strings.Join(codes, " ") != "capture_filter snaplen unsupported_link" {
		t.Errorf("health: %v", codes)
	}
}
