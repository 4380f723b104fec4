//go:build linux

package owner

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"testing/iotest"
	"unsafe"
)

const size = int(unsafe.Sizeof(iterHolding{}))

func many(n int) []iterHolding {
	hs := make([]iterHolding, n)
	for i := range hs {
		hs[i] = by(uint32(i), "app", 1)
	}
	return hs
}

// pausing says EAGAIN before every read.
type pausing struct {
	r    io.Reader
	next bool
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.next = !p.next; p.next {
		return 0, syscall.EAGAIN
	}
	return p.r.Read(b)
}

// TestListCutAnywhere: however the kernel portions it, the same records.
func TestListCutAnywhere(t *testing.T) {
	want := many(2*chunk + 77)
	stream := raw(want)
	for name, r := range map[string]io.Reader{
		"as it comes":   bytes.NewReader(stream),
		"byte by byte":  iotest.OneByteReader(bytes.NewReader(stream)),
		"half":          iotest.HalfReader(bytes.NewReader(stream)),
		"EOF with data": iotest.DataErrReader(bytes.NewReader(stream)),
		"with pauses":   &pausing{r: iotest.HalfReader(bytes.NewReader(stream))},
	} {
		got, err := list(r, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d records, %v", name, len(got), err)
		}
	}
	for _, n := range []int{0, 1, chunk, 2 * chunk} { // ends at and between the edges
		if got, err := list(bytes.NewReader(stream[:n*size]), nil); err != nil || !slices.Equal(got, want[:n]) {
			t.Errorf("%d: %d records, %v", n, len(got), err)
		}
	}
}

// TestListBroken: what came whole is kept, and the fault told.
func TestListBroken(t *testing.T) {
	stream := raw(many(5))
	if got, err := list(bytes.NewReader(stream[:3*size+1]), nil); len(got) != 3 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("torn: %d records, %v", len(got), err)
	}
	torn := io.MultiReader(bytes.NewReader(stream[:2*size]), iotest.ErrReader(syscall.ENOMEM))
	if got, err := list(torn, nil); len(got) != 2 || !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("ENOMEM: %d records, %v", len(got), err)
	}
}

// endless writes records for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestListBounded(t *testing.T) {
	got, err := list(endless{}, nil)
	if !errors.Is(err, ErrMany) || len(got) != most {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// TestListAgain: the room of the last listing is used again.
func TestListAgain(t *testing.T) {
	stream := raw(many(chunk + 1))
	room, _ := list(bytes.NewReader(stream), nil)
	again, err := list(bytes.NewReader(stream), room[:0])
	if err != nil || len(again) != len(room) || &again[0] != &room[0] {
		t.Errorf("%d records in new room, %v", len(again), err)
	}
}
