package talk

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// voice is a client's side of a stream.
type voice interface {
	// idle passes time and drops what comes. An error says how the connection ended
	// meanwhile, io.EOF that the server closed it.
	idle(ctx context.Context, d time.Duration) error
	ask(ctx context.Context, t Turn) error
	// hear returns where the answer comes from.
	hear(t Turn) (io.Reader, error)
	hangUp() // says good-bye, if the stream has a word for it
}

// errEnough is a client's that leaves in the middle of an answer.
var errEnough = errors.New("talk: the client has enough")

// Play plays the client's side of turns on a stream; [Answer] plays the other.
// After the last turn it waits for the end that the turn asked for: nil is FIN for
// [Close]; a reset is an error. There is no timeout but that of ctx, whose end
// does not wake a reader: close c then.
func Play(ctx context.Context, c net.Conn, turns ...Turn) error {
	return play(ctx, newSpeaker(c), &patience{}, turns)
}

func play(ctx context.Context, v voice, p *patience, turns []Turn) error {
	for i, t := range turns {
		if err := v.idle(ctx, t.Wait); err != nil {
			return fmt.Errorf("before turn %d: %w", i+1, plain(err))
		}
		if t.pause() {
			continue
		}
		p.start(t.Think + t.Pace.Every)
		err := take(ctx, v, t)
		p.stop()
		if errors.Is(err, errEnough) {
			return err
		}
		if err != nil {
			return fmt.Errorf("turn %d: %w", i+1, err)
		}
	}
	if len(turns) == 0 {
		return nil
	}
	return ended(ctx, v, turns[len(turns)-1].End)
}

// take is one turn.
func take(ctx context.Context, v voice, t Turn) error {
	if err := v.ask(ctx, t); err != nil {
		return fmt.Errorf("ask: %w", plain(err))
	}
	r, err := v.hear(t)
	if err != nil {
		return fmt.Errorf("no answer: %w", plain(err))
	}
	want := t.Answer
	if t.Enough > 0 {
		want = min(want, t.Enough)
	}
	if n, err := io.CopyN(io.Discard, r, int64(want)); err != nil {
		return fmt.Errorf("answer broke off after %d of %d bytes: %w", n, t.Answer, plain(err))
	}
	if want < t.Answer {
		return errEnough
	}
	return nil
}

// endWait is how long a client waits for an end that it asked for.
const endWait = 10 * time.Second

// ended waits for what the server does after the last turn.
func ended(ctx context.Context, v voice, e End) error {
	switch e {
	case Stay, Hang:
		return nil
	case Abort:
		// What the server leaves unread. An error shows below too.
		_ = v.ask(ctx, Turn{Ask: 64})
	}
	err := v.idle(ctx, endWait)
	switch {
	case err == nil:
		return fmt.Errorf("end: %w", os.ErrDeadlineExceeded)
	case err == io.EOF && e == Close:
		return nil
	}
	return fmt.Errorf("end: %w", plain(err))
}

// speaker is a client that speaks without HTTP.
type speaker struct {
	c net.Conn
	r *bufio.Reader
}

func newSpeaker(c net.Conn) *speaker { return &speaker{c, bufio.NewReaderSize(c, 16<<10)} }

func (s *speaker) idle(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if err := s.c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, s.r)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return s.c.SetReadDeadline(time.Time{})
	case err == nil:
		return io.EOF
	}
	return err
}

func (s *speaker) ask(ctx context.Context, t Turn) error {
	head := t.head()
	return write(ctx, s.c, head, noise(), max(t.Ask-len(head), 0), t.AskPace)
}

func (s *speaker) hear(Turn) (io.Reader, error) { return s.r, nil }

func (s *speaker) hangUp() { hangUp(s.c) }

// hangUp sends close_notify.
func hangUp(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		_ = t.CloseWrite() // the connection may be gone
	}
}
