package tls

// Record layer constants (RFC 8446 section 5.1, RFC 5246 section 6.2).
const (
	recordHeader = 5
	// maxRecord is the longest TLSCiphertext of RFC 5246 section 6.2.3; TLS
	// 1.3 allows 256 bytes of expansion only.
	maxRecord = 1<<14 + 2048

	typeChangeCipher = 20
	typeAlert        = 21
	typeHandshake    = 22
	typeAppData      = 23
	typeHeartbeat    = 24 // RFC 6520
)

// maxEmpty is how many empty handshake records are followed. RFC 8446 section
// 5.1 forbids them, implementations bear some (OpenSSL: 32 in a row).
const maxEmpty = 32

// messageHeader is the handshake type and 24-bit length (RFC 8446 section 4).
const messageHeader = 4

// validHeader reports whether the bytes of a record header seen so far can be
// one: known type, major version 3, minor at most 4, length in bounds.
func validHeader(h []byte) bool {
	if len(h) > 0 && (h[0] < typeChangeCipher || h[0] > typeHeartbeat) {
		return false
	}
	if len(h) > 1 && h[1] != 3 || len(h) > 2 && h[2] > 4 {
		return false
	}
	return len(h) < recordHeader || int(h[3])<<8|int(h[4]) <= maxRecord
}

// walker reads handshake messages out of the records of a stream prefix.
type walker struct {
	b       []byte
	off     int // next unread byte of b
	left    int // bytes of the open record from off on, on the wire
	records int // record headers read
	empty   int // of these, with nothing in them
	want    int // after NeedMore: bytes known to be missing
}

// open reads the header of the record at off and returns its content type.
// It may be called only when no record is open. Not a header: Malformed.
func (w *walker) open() (typ byte, st Status) {
	h := w.b[w.off:min(len(w.b), w.off+recordHeader)]
	if !validHeader(h) {
		return 0, Malformed
	}
	if len(h) < recordHeader {
		w.want = recordHeader - len(h)
		return 0, NeedMore
	}
	w.left = int(h[3])<<8 | int(h[4])
	if w.left == 0 {
		if w.empty++; w.empty > maxEmpty {
			return 0, Malformed
		}
	}
	w.off += recordHeader
	w.records++
	return h[0], Done
}

// skip passes over the rest of the open record.
func (w *walker) skip() Status {
	if n := len(w.b) - w.off; n < w.left {
		w.want = w.left - n
		return NeedMore
	}
	w.off, w.left = w.off+w.left, 0
	return Done
}

// message reads the handshake message at off, header included, over as many
// records as it takes. It points into the stream, or into buf when it had to be
// put together. The open record, if any, must be a handshake record. On
// NeedMore it returns the part of the message that is there, on Malformed its
// beginning, for what it says of the kind.
func (w *walker) message(buf *[]byte) ([]byte, Status) {
	start := *w
	var head [messageHeader]byte
	have, total := 0, messageHeader
	for have < total {
		if w.left == 0 {
			typ, st := w.open()
			if st == Done && typ != typeHandshake {
				st = Malformed // RFC 8446 section 5.1: no interleaving
			}
			if st != Done {
				w.want += total - have
				return start.collect(have, buf), st
			}
		}
		n := min(w.left, total-have, len(w.b)-w.off)
		if have < messageHeader {
			copy(head[have:], w.b[w.off:w.off+n])
		}
		have, w.off, w.left = have+n, w.off+n, w.left-n
		if have == messageHeader && total == messageHeader {
			if total += uint24(head[1:]); total > MaxHello {
				return start.collect(have, buf), Malformed
			}
		}
		if have < total && w.left > 0 && w.off == len(w.b) {
			w.want = total - have
			return start.collect(have, buf), NeedMore
		}
	}
	return start.collect(total, buf), Done
}

// collect returns the next n handshake bytes, which are known to be there,
// copying them to buf if they lie in several records.
func (w walker) collect(n int, buf *[]byte) []byte {
	if w.left == 0 && n > 0 {
		w.open()
	}
	if n <= w.left {
		return w.b[w.off : w.off+n]
	}
	out := (*buf)[:0]
	for n > 0 {
		if w.left == 0 {
			w.open()
		}
		k := min(w.left, n)
		out = append(out, w.b[w.off:w.off+k]...)
		w.off, w.left, n = w.off+k, w.left-k, n-k
	}
	*buf = out
	return out
}
