package html

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

// How much of a foreign text is shown, in letters: a sentence of a detector has some
// 200, a host name at most 253 (RFC 1035 section 2.3.4).
const (
	longText  = 700
	shortText = 255
	// heldName is how many bytes of a name are kept of a flow.
	heldName = 300
)

// esc makes raw text fit for the page: what does not print is shown as an escape, and
// what is longer than n letters is cut and says so.
func esc(raw string, n int) string {
	if most := (n + 1) * utf8.UTFMax; len(raw) > most { // the rest is cut anyway: a letter takes so many bytes at most
		return cutTo(report.Text(raw[:most]), n, len(raw))
	}
	return cutTo(report.Text(raw), n, len(raw))
}

func cutTo(s string, n, bytes int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	i := 0
	for range n {
		_, w := utf8.DecodeRuneInString(s[i:])
		i += w
	}
	return fmt.Sprintf("%s… (cut: %s bytes)", s[:i], table.Number(uint64(bytes)))
}

// name is a foreign name, redacted and fit for the page. Size is how long it was where
// only its beginning was kept, 0 else.
func (c *Capture) name(raw string, size int) string {
	if raw == "" {
		return ""
	}
	if r := c.redact; r != nil {
		return esc(r.Name(raw), shortText)
	}
	if size > len(raw) {
		return cutTo(report.Text(raw), shortText, size)
	}
	return esc(raw, shortText)
}

// said is a sentence that was not redacted yet.
func (c *Capture) said(raw string) string {
	if r := c.redact; r != nil {
		raw = r.Text(raw)
	}
	return esc(raw, longText)
}

func (c *Capture) addr(a netip.Addr) string {
	if r := c.redact; r != nil && a.IsValid() {
		a = r.Addr(a)
	}
	return esc(a.String(), shortText)
}

// clientPort is a client's port; servers keep theirs.
func (c *Capture) clientPort(p uint16) uint16 {
	if r := c.redact; r != nil {
		return r.Port(p)
	}
	return p
}

// at is a time of the capture.
func (c *Capture) at(ns int64) time.Time {
	if r := c.redact; r != nil {
		ns = r.Nanos(ns)
	}
	return time.Unix(0, ns).UTC()
}

// clock writes a time of day with tenths of a second.
func clock(t time.Time) string { return t.UTC().Format("15:04:05.0") }

// ref names a packet: by its number, of a joined capture by a letter for the file and the
// number there.
func (c *Capture) ref(num uint64) string {
	plain := strconv.FormatUint(num, 10)
	if c.meta.Locate == nil {
		return plain
	}
	file, n := c.meta.Locate(num)
	for i := range c.meta.Files {
		if c.meta.Files[i].Name == file {
			return letters(i) + ":" + strconv.FormatUint(n, 10)
		}
	}
	return plain
}

// letters names files A to Z, AA and on.
func letters(i int) string {
	s := string(rune('A' + i%26))
	if i >= 26 {
		return letters(i/26-1) + s
	}
	return s
}
