// Package known holds what users know of forgeries beforehand: lists that they
// bring along. None is built in.
package known

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// IP is an address that forged answers carry.
type IP struct {
	Addr netip.Addr
	Name string // of the fingerprint
	// Scope is whose blocking it is, in OONI's words: nat (a country's), isp, prod
	// (of a product), inst (of an institution), vbw (vague), "" not told.
	Scope string
}

// IPs is a list of forged addresses. A nil list is empty.
type IPs struct{ byAddr map[netip.Addr]IP }

// Lookup returns what is known of an address.
func (l *IPs) Lookup(a netip.Addr) (IP, bool) {
	if l == nil {
		return IP{}, false
	}
	ip, ok := l.byAddr[a.Unmap().WithZone("")]
	return ip, ok
}

// Len is the number of addresses.
func (l *IPs) Len() int {
	if l == nil {
		return 0
	}
	return len(l.byAddr)
}

// MaxRows bounds the rows of a list.
const MaxRows = 1 << 20

// ReadIPs reads a list in the form of OONI's DNS fingerprints: CSV with a header
// that has at least the columns name and pattern. Of pattern_type only "full" can
// be an address; rows of other types, of other locations than "dns", and those that
// OONI knows to be false positives (scope "fp") are passed over. Errors name file
// and line.
func ReadIPs(file string, r io.Reader) (*IPs, error) {
	t, err := readTable(file, r, "name", "pattern")
	if err != nil {
		return nil, err
	}
	l := &IPs{byAddr: map[netip.Addr]IP{}}
	for {
		err := t.next()
		if err == io.EOF {
			return l, nil
		}
		if err != nil {
			return nil, err
		}
		ip := IP{Name: t.get("name"), Scope: strings.ToLower(t.get("scope"))}
		if kind := t.get("pattern_type"); kind != "" && kind != "full" || ip.Scope == "fp" {
			continue
		}
		if where := t.get("location_found"); where != "" && where != "dns" {
			continue
		}
		if ip.Addr, err = netip.ParseAddr(t.get("pattern")); err != nil {
			return nil, t.fail("pattern %q is no address", t.get("pattern"))
		}
		if ip.Name == "" {
			return nil, t.fail("a fingerprint without a name")
		}
		ip.Addr = ip.Addr.Unmap()
		if _, twice := l.byAddr[ip.Addr]; !twice {
			l.byAddr[ip.Addr] = ip
		}
	}
}

// table is a CSV file with a header.
type table struct {
	file   string
	csv    *csv.Reader
	column map[string]int
	row    []string
	rows   int
}

// readTable reads the header, which must have some columns.
func readTable(file string, r io.Reader, must ...string) (*table, error) {
	t := &table{file: file, csv: csv.NewReader(r), column: map[string]int{}}
	t.csv.FieldsPerRecord, t.csv.ReuseRecord = -1, true
	head, err := t.csv.Read()
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("%s:1: the file is empty", file)
	case err != nil:
		return nil, t.wrap(err)
	}
	for i, name := range head {
		t.column[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	for _, name := range must {
		if _, ok := t.column[name]; !ok {
			return nil, fmt.Errorf("%s:1: there is no column %q", file, name)
		}
	}
	return t, nil
}

// next reads a row; io.EOF after the last.
func (t *table) next() error {
	row, err := t.csv.Read()
	if err == io.EOF {
		return err
	}
	if err != nil {
		return t.wrap(err)
	}
	if t.rows++; t.rows > MaxRows {
		return t.fail("more than %d rows", MaxRows)
	}
	t.row = row
	return nil
}

// get returns a field of the row, "" if there is none.
func (t *table) get(column string) string {
	if i, ok := t.column[column]; ok && i < len(t.row) {
		return strings.TrimSpace(t.row[i])
	}
	return ""
}

func (t *table) fail(format string, args ...any) error {
	line, _ := t.csv.FieldPos(0)
	return fmt.Errorf("%s:%d: %s", t.file, line, fmt.Sprintf(format, args...))
}

func (t *table) wrap(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d: %w", t.file, at.Line, at.Err)
	}
	return fmt.Errorf("%s: %w", t.file, err)
}
