package recorded

import (
	"strings"
	"testing"
	"testing/fstest"
)

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestAFolderIsARecording(t *testing.T) {
	got, err := load(fstest.MapFS{
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
		if got, err := load(files); err == nil || !strings.Contains(err.Error(), "recording a") {
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
	t.Logf("%d recordings", len(all))
}
