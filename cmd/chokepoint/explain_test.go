package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
)

// recordingOf is the path of the client's capture of a case.
func recordingOf(name string) string { return filepath.Join("../../pcaps", name, "client.pcapng") }

func TestExplainRefusesWhatItCannotDo(t *testing.T) {
	race := recordingOf("whatsapp-reset-race")
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string
	}{
		{"standard input", []string{"--explain", "f1", "-"}, []string{"second time", "watch --record"}},
		{"a named pipe", []string{"--explain", "f1", pipe}, []string{"second time"}},
		{"records", []string{"--json", "--explain", "f1", race}, []string{"leave --json out"}},
		{"two captures", []string{"--explain", "f1", race, race}, []string{"f1 is of one capture, and there are 2"}},
		{"both at once", []string{"--explain", "f1", "--why-not", "f1", race}, []string{"explain", "why-not"}},
		{"a finding that is not there", []string{"--explain", "f99", race}, []string{"no finding f99", "f1 to f9"}},
		{"a flow in the middle of another", []string{"--why-not", "c000060", race}, []string{"no flow c000060", "packet 60 is one of flow c000059"}},
		{"a flow beyond the end", []string{"--explain", "c999999", race}, []string{"packets 1 to 641"}},
		{"a packet beyond the end", []string{"--explain", "642", race}, []string{"no packet 642", "packets 1 to 641"}},
		{"packet 0", []string{"--explain", "0", race}, []string{"no packet 0"}},
		{"a service that nobody knows", []string{"--explain", "nosuch", race}, []string{`no service "nosuch"`, "telegram", "f3", "c000123"}},
		{"no capture", []string{"--explain", "f1"}, []string{"name a capture file"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			began := time.Now()
			got := outside(append([]string{"analyze"}, tc.args...)...)
			if got.code != exitUsage || got.stdout != "" {
				t.Errorf("code %d, stdout %q", got.code, got.stdout)
			}
			for _, part := range tc.want {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("no %q in %s", part, got.stderr)
				}
			}
			if time.Since(began) > time.Minute {
				t.Error("it waited for a pipe")
			}
		})
	}
	got := outside("watch", "--explain", "f1", "-i", "lo")
	if got.code != exitUsage || !strings.Contains(got.stderr, "--record FILE") {
		t.Errorf("watch: code %d, %s", got.code, got.stderr)
	}
}

func TestExplainTellsOfATornFileWhatThereIs(t *testing.T) {
	whole, err := os.ReadFile(recordingOf("whatsapp-reset-race"))
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, t.TempDir(), "torn.pcapng", whole[:len(whole)-100])
	got := outside("analyze", "--explain", "f1", path)
	if got.code != exitInput || !strings.Contains(got.stdout, "Packets of c000059") || strings.Count(got.stderr, "cut short") != 1 {
		t.Errorf("code %d, stderr %s\n%s", got.code, got.stderr, got.stdout)
	}
}

func TestExplainNamesTheFileOfEachPacketOfARing(t *testing.T) {
	var before, after bytes.Buffer
	src, err := pcapfile.Open(recordingOf("whatsapp-reset-race"), pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ifs := []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}}
	one, _ := pcapfile.NewWriter(&before, ifs)
	two, _ := pcapfile.NewWriter(&after, ifs)
	var b capture.Batch
	for src.Read(&b) == nil {
		for i := range b.Packets {
			p := &b.Packets[i]
			w := one
			if p.Num > 64 { // within the flow of f1
				w = two
			}
			w.Write(pcapfile.Record{Time: p.Time, Frame: p.Frame, WireLen: p.WireLen})
		}
	}
	one.Flush()
	two.Flush()
	dir := t.TempDir()
	file(t, dir, "2"+"\x1b[31m", before.Bytes())
	file(t, dir, "1"+"\x1b[31m", after.Bytes())
	got := outside("analyze", "--join", "--explain", "f1", dir)
	for _, want := range []string{"\n>     A:63 ", "\n>      B:2 ", "\nFiles\n  A  ", `\x1b[31m`} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q", want)
		}
	}
	if got.code != 0 || raw(got.stdout) != nil || strings.Contains(got.stdout, "frame.number") || strings.Contains(got.stdout, "ackets 62") {
		t.Errorf("code %d: %s%s", got.code, got.stderr, got.stdout)
	}
}

func TestExplainKeepsTheOtherFlags(t *testing.T) {
	race := recordingOf("whatsapp-reset-race")
	if got := outside("analyze", "--exit-code", "--explain", "f1", race); got.code != exitInterference {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
	alone := outside("analyze", "--workers", "1", "--explain", "f1", race)
	if several := outside("analyze", "--workers", "3", "--explain", "f1", race); several.stdout != alone.stdout || alone.stdout == "" {
		t.Error("it depends on the number of workers")
	}
	if live := outside("analyze", "--plan", "live", "--explain", "f1", race); live.code != 0 || !strings.Contains(live.stdout, "Packets of c000059") {
		t.Errorf("--plan live: code %d: %s", live.code, live.stderr)
	}
	if few := outside("analyze", "--explain", "59", race, "host", "157.240.205.60"); few.code != 0 || !strings.Contains(few.stdout, "Packet 59 is one of flow c000059") {
		t.Errorf("with an expression: code %d: %s%s", few.code, few.stderr, few.stdout)
	}
	if of := outside("analyze", "--explain", "1", race, "host", "157.240.205.60"); !strings.Contains(of.stdout, "left out by the expression") {
		t.Errorf("a packet that the expression leaves out: %s%s", of.stderr, of.stdout)
	}
}
