package service

import (
	"bytes"
	"embed"
	"encoding/json"
	"flag"
	"os"
	"path"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write compiled.json anew")

//go:embed services/*.yaml lists/*.yaml
var yamls embed.FS

// embeddedFiles are the files that compiled.json was made of.
func embeddedFiles(t testing.TB) (out []File) {
	t.Helper()
	for _, dir := range []string{"lists", "services"} {
		files, err := yamls.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name := path.Join(dir, f.Name())
			data, err := yamls.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, File{name, data})
		}
	}
	return out
}

// TestCompiled: what is embedded is what the YAML says, word by word.
func TestCompiled(t *testing.T) {
	var files []ruleFile
	for _, in := range embeddedFiles(t) {
		if _, err := parse(in); err != nil {
			t.Fatal(err)
		}
		files = append(files, read(t, in))
	}
	want := compact(t, files)
	if *update {
		if err := os.WriteFile("compiled.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(compiled, want) {
		t.Fatal("compiled.json is not what the rule files say: make rules, and commit it with them")
	}
	var back []ruleFile
	if err := json.Unmarshal(compiled, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, files) {
		t.Error("compiled.json cannot say all that the rule files say: are there empty lists in them?")
	}
}

func TestATextWithoutLineIsRefused(t *testing.T) {
	for _, s := range []string{`"12"`, `"x y"`, `" y"`, `12`} {
		var got text
		if err := json.Unmarshal([]byte(s), &got); err == nil {
			t.Errorf("%s is %+v", s, got)
		}
	}
}

// read is a rule file by the schema.
func read(t *testing.T, in File) ruleFile {
	t.Helper()
	nodes, err := documents(in)
	if err != nil {
		t.Fatal(err)
	}
	f := ruleFile{Name: in.Name}
	for _, n := range nodes {
		d, err := decode(n)
		if err != nil {
			t.Fatal(err)
		}
		f.Documents = append(f.Documents, d)
	}
	return f
}

// compact writes files as JSON, one value per line, so that changes can be read,
// without what is absent: that is three quarters of the schema.
func compact(t *testing.T, files []ruleFile) []byte {
	t.Helper()
	b, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	all, _ = pruned(all)
	if b, err = json.MarshalIndent(all, "", ""); err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// pruned takes out of a value what is absent, and reports whether anything is left.
// Numbers stay: zero can be meant.
func pruned(v any) (any, bool) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i], _ = pruned(v[i])
		}
		return v, len(v) > 0
	case map[string]any:
		for k, x := range v {
			if y, ok := pruned(x); ok {
				v[k] = y
			} else {
				delete(v, k)
			}
		}
		return v, len(v) > 0
	case float64:
		return v, true
	}
	return v, v != nil && v != "" && v != false
}
