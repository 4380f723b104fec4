package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// bufferSize holds some hundred flow records between two findings, bytes.
const bufferSize = 64 << 10

// lines encodes values, one line each.
type lines struct {
	out     *bufio.Writer
	line    bytes.Buffer
	encoder *json.Encoder // into line
}

func newLines(w io.Writer) *lines {
	l := &lines{out: bufio.NewWriterSize(w, bufferSize)}
	l.encoder = json.NewEncoder(&l.line)
	l.encoder.SetEscapeHTML(false) // a URL is to be read, and no page embeds these lines
	return l
}

// write appends a record to the buffer.
func (l *lines) write(record any) error {
	l.line.Reset()
	if err := l.encoder.Encode(record); err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	return escape(l.out, l.line.Bytes())
}

// writeNow writes a record and everything before it.
func (l *lines) writeNow(record any) error {
	if err := l.write(record); err != nil {
		return err
	}
	return l.out.Flush()
}

// escape copies an encoded line and escapes what encoding/json leaves raw
// although a terminal would act on it: DEL, the C1 controls (U+009B is an escape
// sequence's beginning in one character) and marks that turn the direction of
// writing. Such characters only occur inside strings, so the meaning stays.
func escape(w *bufio.Writer, line []byte) error {
	plain := 0 // start of what was not copied yet
	for i := 0; i < len(line); {
		if line[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(line[i:])
		if !unicode.IsPrint(r) {
			_, _ = w.Write(line[plain:i]) // errors stay in w and come with the last Write
			writeEscaped(w, r)
			plain = i + n
		}
		i += n
	}
	_, err := w.Write(line[plain:])
	return err
}

// writeEscaped writes r as JSON escapes, beyond the basic plane as a surrogate
// pair (RFC 8259 section 7).
func writeEscaped(w *bufio.Writer, r rune) {
	if r <= 0xffff {
		fmt.Fprintf(w, `\u%04x`, r)
		return
	}
	r -= 0x10000
	fmt.Fprintf(w, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}
