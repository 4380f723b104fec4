//go:build linux

package replay

import (
	"os"
	"strings"
	"testing"

	"chokepoint/pcaps/lab/netns"
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := netns.Missing()
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
