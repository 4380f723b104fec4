package quicpeer

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Turn is a question and its answer on the one stream that a client opens.
type Turn struct {
	Wait   time.Duration // before asking
	Ask    int           // bytes of the question; a little more when there is less than the head of one
	Think  time.Duration // of the server
	Answer int           // bytes
	Pace   int           // bytes/s at which the server writes the answer; 0 as fast as the path takes it
}

// head is before each question: its whole length, and what is wanted, as four
// numbers of 8 bytes.
const headLen = 4 * 8

func (t Turn) question() []byte {
	b := make([]byte, max(t.Ask, headLen))
	for i, n := range [...]int64{int64(len(b)), int64(t.Think), int64(t.Answer), int64(t.Pace)} {
		binary.BigEndian.PutUint64(b[8*i:], uint64(n))
	}
	return b
}

// heard reads one question to its end.
func heard(r io.Reader) (t Turn, err error) {
	var head [headLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return t, err
	}
	n := func(i int) int { return int(binary.BigEndian.Uint64(head[8*i:])) }
	t = Turn{Ask: n(0), Think: time.Duration(n(1)), Answer: n(2), Pace: n(3)}
	_, err = io.CopyN(io.Discard, r, int64(t.Ask-headLen))
	return t, err
}

// slice is how often a paced answer is written on.
const slice = 20 * time.Millisecond

// answer thinks and writes. What is late is caught up with, so that the pace holds
// over the whole answer.
func (t Turn) answer(ctx context.Context, w io.Writer) error {
	if err := pause(ctx, t.Think); err != nil {
		return err
	}
	if t.Pace <= 0 {
		_, err := io.CopyN(w, zeros{}, int64(t.Answer))
		return err
	}
	begun := time.Now()
	for sent := 0; sent < t.Answer; {
		due := int(float64(t.Pace) * (time.Since(begun) + slice).Seconds())
		n := max(min(due, t.Answer)-sent, 0)
		if _, err := io.CopyN(w, zeros{}, int64(n)); err != nil {
			return err
		}
		sent += n
		if err := pause(ctx, slice); err != nil {
			return err
		}
	}
	return nil
}

// take is the client's side of a turn.
func (t Turn) take(ctx context.Context, s io.ReadWriter) error {
	if err := pause(ctx, t.Wait); err != nil {
		return err
	}
	if _, err := s.Write(t.question()); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	if n, err := io.CopyN(io.Discard, s, int64(t.Answer)); err != nil {
		return fmt.Errorf("answer broke off after %d of %d bytes: %w", n, t.Answer, err)
	}
	return nil
}

// zeros is text enough: it is encrypted.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
