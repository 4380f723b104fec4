package recorded

import (
	"strings"
	"testing"
	"testing/fstest"

	"chokepoint/pcaps"
)

// maxRecorded is how large all recordings may be together, bytes.
const maxRecorded = 25_000_000

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestAFolderIsARecording(t *testing.T) {
	got, err := pcaps.Load(fstest.MapFS{
		"README.md":                   file("about all"),
		"recorded.go":                 file("package recorded"),
		"two-sides/client.pcapng.zst": file("c"),
		"two-sides/server.pcapng.zst": file("s"),
		"two-sides/truth.yaml":        file("what: a box resets\ncases: [F2]\n"),
		"two-sides/want.jsonl":        file("{}"),
		"two-sides/README.md":         file("about it"),
		"one/client.pcapng":           file("plain"),
		"one/truth.yaml":              file("what: nothing\n"),
	})
	if err != nil || len(got) != 2 || got[0].Name != "one" || got[1].Name != "two-sides" {
		t.Fatalf("%v, %v", got, err)
	}
	one, two := got[0], got[1]
	if len(one.Files) != 1 || one.Files[0].Name != "client.pcapng" || one.Want != nil {
		t.Errorf("%+v", one)
	}
	if s, _ := two.File("server.pcapng"); len(two.Files) != 2 || string(s) != "s" || two.Truth.Cases[0] != "F2" || string(two.Want) != "{}" {
		t.Errorf("%+v", two)
	}
}

func TestHalfARecordingIsRefused(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"without the client's side":    {"a/server.pcapng.zst": file("s"), "a/truth.yaml": file("what: x\n")},
		"without truth":                {"a/client.pcapng.zst": file("c")},
		"with a truth nobody can read": {"a/client.pcapng.zst": file("c"), "a/truth.yaml": file("who: y\n")},
	} {
		if got, err := pcaps.Load(files); err == nil || !strings.Contains(err.Error(), "case a") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAllRecordingsCanBeLoaded(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Want == nil {
			t.Errorf("%s has no want.jsonl", c.Name)
		}
	}
	var bytes, captures int
	for _, c := range all {
		bytes += len(c.Want)
		for _, f := range c.Files {
			captures++
			bytes += len(f.Bytes)
		}
	}
	t.Logf("%d recordings, %d captures, %d bytes", len(all), captures, bytes)
	if len(all) < 100 || bytes > maxRecorded {
		t.Errorf("%d recordings of %d bytes", len(all), bytes)
	}
}
