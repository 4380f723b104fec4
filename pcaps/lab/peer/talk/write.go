package talk

import (
	"context"
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// block is how much is written at once.
const block = 64 << 10

// noise and text are what questions and answers are made of: bytes that do not
// compress, and a page for who speaks in the clear. They are made when somebody speaks:
// the program is mostly started for something else.
var (
	noise = sync.OnceValue(func() []byte { return random(block) })
	text  = sync.OnceValue(func() []byte {
		return []byte(strings.Repeat("<p>The quick brown fox jumps over the lazy dog.</p>\n", block/52+1))[:block]
	})
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// write writes prefix and n bytes of fill at a pace. What is before the first
// piece goes out together with it.
func write(ctx context.Context, w io.Writer, prefix, fill []byte, n int, p Pace) error {
	begun := time.Now()
	for i := 0; n > 0 || len(prefix) > 0; i++ {
		piece := n
		if p.Piece > 0 {
			piece = min(n, p.Piece)
			if err := pause(ctx, time.Until(begun.Add(time.Duration(i)*p.Every))); err != nil {
				return err
			}
		}
		if err := say(w, prefix, fill, piece); err != nil {
			return err
		}
		prefix, n = nil, n-piece
	}
	return nil
}

func say(w io.Writer, prefix, fill []byte, n int) error {
	for n > 0 || len(prefix) > 0 {
		b := fill[:min(n, len(fill))]
		n -= len(b)
		if len(prefix) > 0 {
			b = slices.Concat(prefix, b)
			prefix = nil
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
