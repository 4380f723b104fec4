//go:build linux

package live

import "testing"

func TestRoom(t *testing.T) {
	s := []int{1, 2, 3}
	if got := room(s, 3); len(got) != 0 || cap(got) != 3 || &got[:1][0] != &s[0] {
		t.Errorf("enough room: %d of %d", len(got), cap(got))
	}
	// Twice at least: batches that grow bit by bit are not made anew each time.
	if got := room(s, 4); len(got) != 0 || cap(got) < 6 {
		t.Errorf("a little more: %d of %d", len(got), cap(got))
	}
	if got := room(s, 100); len(got) != 0 || cap(got) < 100 {
		t.Errorf("much more: %d of %d", len(got), cap(got))
	}
}
