package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListsOfBlockPagesAreRead(t *testing.T) {
	const head = "name,scope,location_found,pattern_type,pattern,confidence_no_fp\n"
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(head+text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.csv", "a,isp,body,contains,blocked,8\n")
	all, err := blockPages([]string{good, good})
	if err != nil || all.Len() != 2 {
		t.Errorf("%d entries: %v", all.Len(), err)
	}
	bad := file("bad.csv", "a,isp,body,contains,blocked,8\nb,isp,body,glob,blocked,8\n")
	if _, err := blockPages([]string{good, bad}); err == nil || !strings.Contains(err.Error(), "bad.csv:3: ") {
		t.Errorf("%v: neither file nor line", err)
	}
}
