package talk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// errEnded is a server's that has ended the connection as it was asked to.
var errEnded = errors.New("talk: the server has ended it")

// Answer plays the server's side of turns on a stream, until the client goes, which
// is no error, or a turn ends it. It leaves c open where no turn closed it. The
// end of ctx does not wake a reader: close c then.
func Answer(ctx context.Context, c net.Conn) error { return answer(ctx, c, 0) }

// answer is [Answer] that bears silence of the client for no longer than idle, if
// that is not 0.
func answer(ctx context.Context, c net.Conn, idle time.Duration) error {
	r := bufio.NewReader(c)
	for {
		if err := await(c, r, idle); err != nil {
			return gone(err)
		}
		t, rest, err := heard(r)
		if err != nil {
			return err
		}
		if t.End != Abort {
			if _, err := io.CopyN(io.Discard, r, int64(rest)); err != nil {
				return fmt.Errorf("question broke off: %w", err)
			}
		}
		if err := reply(ctx, c, nil, noise(), t); err != nil {
			return gone(err)
		}
	}
}

// await waits for the first byte of a question.
func await(c net.Conn, r *bufio.Reader, idle time.Duration) error {
	if idle > 0 {
		if err := c.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return err
		}
		defer c.SetReadDeadline(time.Time{}) //nolint:errcheck // the next read says it
	}
	_, err := r.Peek(1)
	return err
}

// gone makes what ends every conversation nil: a good-bye, an end that was asked
// for, and idleness, the one thing a server has a deadline for.
func gone(err error) error {
	if err == io.EOF || errors.Is(err, errEnded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// reply thinks, writes prefix and answer, and ends as the turn wants: errEnded
// when there is no other turn.
func reply(ctx context.Context, c net.Conn, prefix, fill []byte, t Turn) error {
	if err := ready(ctx, c, t); err != nil {
		return err
	}
	if err := write(ctx, c, prefix, fill, t.Answer, t.Pace); err != nil {
		return err
	}
	return end(ctx, c, t.End)
}

// ready is what comes before an answer.
func ready(ctx context.Context, c net.Conn, t Turn) error {
	if tcp := under(c); tcp != nil {
		if err := congestion(tcp, t.Congestion); err != nil {
			return err
		}
	}
	return pause(ctx, t.Think)
}

// end ends a connection.
func end(ctx context.Context, c net.Conn, e End) error {
	tcp := under(c)
	var err error
	switch e {
	case Stay:
		return nil
	case Close:
		err = c.Close()
	case Abort:
		if err = queued(ctx, tcp, unix.TIOCINQ, some); err == nil {
			err = tcp.Close()
		}
	case Linger:
		if err = queued(ctx, tcp, unix.TIOCOUTQ, none); err == nil {
			err = reset(tcp)
		}
	case Hang:
		<-ctx.Done()
	}
	if err != nil {
		return err
	}
	return errEnded
}
