package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	there := map[string]place{"-": aFile, "a.pcap": aFile, "b.pcap": aFile, "ring": aDir, "host": aFile}
	tests := []struct {
		name, args string
		paths      string
		expression string
	}{
		{"files only", "a.pcap b.pcap", "a.pcap b.pcap", ""},
		{"nothing", "", "", ""},
		{"an expression after a file", "a.pcap tcp port 443", "a.pcap", "tcp port 443"},
		{"an expression after standard input", "- not port 22", "-", "not port 22"},
		{"an expression after a directory and a file", "ring a.pcap udp", "ring a.pcap", "udp"},
		{"an expression alone, beside -r", "port 53", "", "port 53"},
		{"a file named like a keyword inside the expression belongs to it", "a.pcap src host 192.0.2.1", "a.pcap", "src host 192.0.2.1"},
		{"a file behind a mistyped one does not pass for read", "a.pcapp b.pcap", "", "a.pcapp b.pcap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths, expression := split(strings.Fields(tt.args), func(arg string) place { return there[arg] })
			if strings.Join(paths, " ") != tt.paths || expression != tt.expression {
				t.Errorf("got %q and %q", paths, expression)
			}
		})
	}
}

func TestCompile(t *testing.T) {
	if f, err := compile(""); f != nil || err != nil {
		t.Errorf("no expression: got %v, %v", f, err)
	}
	if f, err := compile("tcp port 443"); f == nil || err != nil {
		t.Errorf("an expression: got %v, %v", f, err)
	}
	_, err := compile("hoem.pcap")
	if err == nil || !strings.Contains(err.Error(), `"hoem.pcap" is no file or directory`) {
		t.Errorf("a mistyped name: got %v", err)
	}
	if _, err = compile("ether host 1"); err == nil || !strings.Contains(err.Error(), "ether") {
		t.Errorf("a word of pcap-filter that is not supported: got %v", err)
	}
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "1.pcap"), filepath.Join(dir, "2.pcap")
	for _, path := range []string{one, two, filepath.Join(dir, "notes.txt")} {
		content := capturedAt(0)
		if strings.HasSuffix(path, ".txt") {
			content = []byte("no capture")
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	empty := t.TempDir()
	tests := []struct {
		name   string
		paths  []string
		join   bool
		want   []input
		faults int
		usage  bool
	}{
		{name: "each file is a capture", paths: []string{one, two}, want: []input{{name: one}, {name: two}}},
		{name: "a directory is its captures", paths: []string{dir}, want: []input{{name: one}, {name: two}}},
		{name: "a directory joined is one", paths: []string{dir}, join: true, want: []input{{name: dir, files: []string{one, two}}}},
		{name: "standard input", paths: []string{"-"}, want: []input{{name: "-"}}},
		{name: "a file that is not there is met when it is opened", paths: []string{"gone.pcap"}, want: []input{{name: "gone.pcap"}}},
		{name: "a directory without captures is a fault beside the rest", paths: []string{empty, one}, want: []input{{name: one}}, faults: 1},
		{name: "nothing at all", usage: true},
		{name: "standard input twice", paths: []string{"-", one, "-"}, usage: true},
		{name: "files are not joined", paths: []string{one, two}, join: true, usage: true},
		{name: "standard input is not joined", paths: []string{"-"}, join: true, usage: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, faults, err := inputs(tt.paths, tt.join)
			if (err != nil) != tt.usage || len(faults) != tt.faults {
				t.Fatalf("faults %v, usage %v", faults, err)
			}
			if !tt.usage && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
