// Command record tells the bundled stories again and writes their captures into
// the case folders below a directory.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"chokepoint/pcaps/story"
)

func main() {
	dir := flag.String("d", ".", "directory of the case folders")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for _, s := range story.All() {
		files, err := s.Files()
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, s.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
