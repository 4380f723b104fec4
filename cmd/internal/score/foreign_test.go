package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAFolderWithoutTheCaptures: the page is printed and written, and what was read
// and is not there is an error.
func TestAFolderWithoutTheCaptures(t *testing.T) {
	o := options{foreign: t.TempDir(), page: filepath.Join(t.TempDir(), "FOREIGN.md")}
	var out bytes.Buffer
	err := o.run(&out)
	page, _ := os.ReadFile(o.page)
	if err == nil || !strings.Contains(err.Error(), "is not in the folder") || out.String() != string(page) || !strings.Contains(out.String(), "\n0 captures, 0 flows.\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
