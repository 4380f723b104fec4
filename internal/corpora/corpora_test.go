package corpora

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// fill makes a folder of corpora out of names and contents.
func fill(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(Env, dir)
}

func TestCapturesAreThoseOfTheEndings(t *testing.T) {
	fill(t, map[string]string{"a/b/one.pcap": "12345", "a/two.pcap.gz": "", "c/three.pcapng": "", "oracle/t.tsv": "", "c/pcap": ""})
	for _, c := range []struct{ endings, want []string }{
		{nil, []string{"a/b/one.pcap", "a/two.pcap.gz", "c/pcap", "c/three.pcapng", "oracle/t.tsv"}},
		{Usual, []string{"a/b/one.pcap", "c/three.pcapng"}},
		{Packed, []string{"a/b/one.pcap", "a/two.pcap.gz", "c/three.pcapng"}},
	} {
		var got []string
		for _, f := range Captures(t, c.endings...) {
			got = append(got, f.Name)
			if _, err := os.Stat(f.Path); err != nil || f.Path != Path(t, f.Name) {
				t.Errorf("%+v: %v", f, err)
			}
			if f.Name == "a/b/one.pcap" && f.Size(t) != 5 || f.Name == "c/pcap" && f.Size(t) != 0 {
				t.Errorf("%s: %d bytes", f.Name, f.Size(t))
			}
			if f.From("a") != (f.Name[0] == 'a') || f.From("b", "one.pcap") {
				t.Errorf("%s is of another corpus than its own", f.Name)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %q, want %q", c.endings, got, c.want)
		}
	}
}

func TestRowsAreWithoutComments(t *testing.T) {
	fill(t, map[string]string{"oracle/t.tsv": "#a\tb\n1\t2\n\n3\t\t\n# end\n"})
	if got, want := Rows(t, "t.tsv"), [][]string{{"1", "2"}, {"3", "", ""}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWithoutTheFolderTestsAreSkipped(t *testing.T) {
	t.Setenv(Env, "")
	ran := t.Run("skipped", func(t *testing.T) {
		defer func() {
			if !t.Skipped() {
				t.Error("the test went on")
			}
		}()
		Captures(t)
	})
	if !ran {
		t.Error("a test without the folder failed")
	}
}
