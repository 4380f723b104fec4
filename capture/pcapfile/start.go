package pcapfile

import (
	"errors"
	"fmt"
	"io"
)

// start finds out what the stream is and reads its file header.
func (r *Reader) start() error {
	k, head, err := r.sniff(r.raw)
	if err != nil {
		return err
	}
	r.stream.r = r.raw
	if k == gzipKind || k == zstdKind {
		r.outer = k
		if r.stream.r, r.release, err = decompress(k, head, r.raw); err != nil {
			return streamError(k, err)
		}
		if k, head, err = r.sniff(r.stream.r); err != nil {
			return err
		}
	}
	r.inner = k
	switch k {
	case pcapKind:
		return r.startPcap(head)
	case pcapngKind:
		r.format, r.stream.carry = &blocks{}, head
		return nil
	}
	return fmt.Errorf("compressed twice, with %v inside %v: decompress it once first", k, r.outer)
}

// sniff identifies the stream and words what is wrong with it: either it is no
// capture or it could not be read.
func (r *Reader) sniff(from io.Reader) (kind, []byte, error) {
	k, head, err := sniff(from)
	switch {
	case err == nil:
		return k, head, nil
	case !errors.Is(err, ErrNotCapture) && !errors.Is(err, ErrEmpty):
		err = streamError(r.outer, err)
	case r.outer != unknown:
		err = fmt.Errorf("inside %v: %w", r.outer, err)
	}
	return k, head, err
}

func (r *Reader) startPcap(head []byte) error {
	var header [pcapHeaderLen]byte
	n := copy(header[:], head)
	m, err := readFull(r.stream.r, header[n:])
	switch {
	case err == io.EOF:
		return cutShort{what: "file header", have: n + m, want: pcapHeaderLen}
	case err != nil:
		return streamError(r.outer, err)
	}
	c, err := newClassic(&header)
	if err != nil {
		return err
	}
	if err := unusable(c.interfaces()); err != nil {
		return err
	}
	r.format, r.off = c, pcapHeaderLen
	return nil
}
