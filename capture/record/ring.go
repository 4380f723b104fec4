package record

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
)

// Room that blocks take beside the bytes of a frame (draft-ietf-opsawg-pcapng
// sections 4.3 and 4.6).
const (
	packetRoom     = 32 + 3 + 12 + 4 // fixed fields, padding, epb_packetid, end of options
	statisticsRoom = 24 + 12 + 4     // fixed fields, isb_ifdrop, end of options
)

// taken is how many names in a row may be taken by files of others before we give
// up: another ring of ours, at most.
const taken = 10_000

// ring writes one file after the other.
type ring struct {
	folder folder
	name   string // of the first file
	max    int64
	keep   int

	file  file // nil: closed
	out   *pcapfile.Writer
	good  int64    // bytes of the file that are whole and written
	ifs   int      // described in the file
	any   bool     // packets in it
	lost  []uint64 // of each interface, before the file was begun
	n     int      // its number
	files []made   // that there are, the current one last
}

// made is a file that this run has made.
type made struct {
	name string
	info fs.FileInfo // by which it is known again; nil unknown
}

// first begins the first file.
func (r *ring) first(src capture.Source) error {
	f, err := r.folder.create(r.name)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w, and is not written over", fs.ErrExist)
	}
	if err != nil {
		return err
	}
	return r.begin(src, f, r.name)
}

// numbered returns the name of a later file.
func (r *ring) numbered(n int) string {
	ext := filepath.Ext(r.name)
	base := strings.TrimSuffix(r.name, ext)
	if base == "" {
		base, ext = ext, ""
	}
	return fmt.Sprintf("%s-%d%s", base, n, ext)
}

// next begins another file, under the next name that nobody has.
func (r *ring) next(src capture.Source) error {
	for range taken {
		r.n++
		name := r.numbered(r.n)
		f, err := r.folder.create(name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		return r.begin(src, f, name)
	}
	return fmt.Errorf("%s: %w, like the %d before", r.numbered(r.n), fs.ErrExist, taken-1)
}

// begin writes the start of a file just made. What is too old goes before, to make
// room.
func (r *ring) begin(src capture.Source, f file, name string) (err error) {
	info, err := f.Stat()
	if err != nil {
		info = nil // then it is not removed
	}
	r.files = append(r.files, made{name, info})
	for len(r.files) > r.keep {
		r.folder.remove(r.files[0])
		r.files = r.files[1:]
	}
	r.file, r.good, r.any, r.ifs = f, 0, false, 0
	if r.out, err = pcapfile.NewWriter(f, nil); err == nil {
		err = r.describe(src)
	}
	if err == nil {
		err = r.flush()
	}
	if err != nil { // an empty file is of no use
		r.file = nil
		_ = f.Close()
		r.folder.remove(r.files[len(r.files)-1])
	}
	return err
}

// describe writes the interfaces that the file does not know yet.
func (r *ring) describe(src capture.Source) error {
	ifs := src.Interfaces()
	for _, i := range ifs[min(r.ifs, len(ifs)):] {
		if err := r.out.Describe(i); err != nil {
			return err
		}
		r.ifs++
	}
	return nil
}

// write writes the first n bytes of a packet, to the next file if it has no room
// in this one.
func (r *ring) write(src capture.Source, p *capture.Packet, n int, now int64) error {
	if need := int64(packetRoom + n + r.ifs*statisticsRoom); r.any && r.out.Size()+need > r.max {
		if err := r.finish(src, now); err != nil {
			return err
		}
		if err := r.next(src); err != nil {
			return err
		}
	}
	if int(p.If) >= r.ifs {
		if err := r.describe(src); err != nil {
			return err
		}
	}
	r.any = true
	return r.out.Write(pcapfile.Record{
		Time: p.Time, If: p.If, Frame: p.Frame[:n], WireLen: max(p.WireLen, uint32(len(p.Frame))), ID: p.Num,
	})
}

// flush writes out what was said so far.
func (r *ring) flush() error {
	if err := r.out.Flush(); err != nil {
		return err
	}
	r.good = r.out.Size()
	return nil
}

// finish writes what was lost while the file was written, and closes it.
func (r *ring) finish(src capture.Source, now int64) error {
	if err := r.describe(src); err != nil {
		return err
	}
	before := r.lost
	r.lost = losses(src)
	for i, n := range r.lost[:min(r.ifs, len(r.lost))] {
		if i < len(before) {
			n -= min(n, before[i])
		}
		if err := r.out.WriteDrops(uint16(i), now, n); err != nil {
			return err
		}
	}
	if err := r.flush(); err != nil {
		return err
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// end is finish for the last file: whatever happens, it is closed and ends with a
// whole block.
func (r *ring) end(src capture.Source, now int64) error {
	err := r.finish(src, now)
	if err != nil {
		r.abandon()
	}
	return err
}

// losses lists what was lost so far on each interface. What the source knows of no
// interface in particular, its own losses too, counts for the first.
func losses(src capture.Source) []uint64 {
	var known uint64
	var out []uint64
	for _, i := range src.Interfaces() {
		out = append(out, i.Dropped)
		known += i.Dropped
	}
	st := src.Stats()
	if all := st.Dropped + st.Lost; len(out) > 0 && all > known {
		out[0] += all - known
	}
	return out
}

// abandon closes the file where it was last whole, and returns its name.
func (r *ring) abandon() string {
	if r.file != nil { // it has failed already: what can be done for it is done
		_ = r.file.Truncate(r.good)
		_ = r.file.Close()
		r.file = nil
	}
	return r.current()
}

// current is the name of the file that is written.
func (r *ring) current() string { return r.files[len(r.files)-1].name }
