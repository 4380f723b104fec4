package pcapfile

import (
	"cmp"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"sync/atomic"

	"chokepoint/capture"
)

// Joined is several files read as one capture, the ring of a long recording. It
// is a [capture.Source]; its methods are for one goroutine, but Progress may be
// called from any.
type Joined struct {
	opt    Options
	paths  []string
	next   int // index of the next path to open
	now    *Reader
	ends   []uint64 // packet number after the last of each file opened, all but the present one
	before uint64   // packet number before the present file's first
	ifs    []capture.Interface
	index  map[capture.Interface]uint16 // of ifs
	base   []uint64                     // drops of files read before, by interface
	local  []uint16                     // the present file's interface numbers, as joined
	stats  capture.Stats
	faults []error

	past  int64        // bytes of files done with, as they lie on disk
	done  atomic.Int64 // past and what was read of the present file
	total int64        // bytes of all files
}

// OpenJoined opens files as one capture, in the order of their first packet's
// time; files without one come last. Packets are numbered on through all of
// them, and [Joined.FileOf] leads back. Interfaces that are described alike are
// taken for one. A file that cannot be read to its end does not keep the others
// from being read: its error comes at the end, joined with the others, in place
// of io.EOF.
func OpenJoined(paths []string, opt Options) (*Joined, error) {
	if len(paths) == 0 {
		return nil, errors.New("no capture files to join")
	}
	type file struct {
		path  string
		first int64
	}
	files := make([]file, len(paths))
	var b capture.Batch
	for i, p := range paths {
		files[i] = file{p, firstTime(p, &b)}
	}
	slices.SortStableFunc(files, func(a, b file) int { return cmp.Compare(a.first, b.first) })
	j := &Joined{opt: opt, index: map[capture.Interface]uint16{}}
	for _, f := range files {
		j.paths = append(j.paths, f.path)
		if info, err := os.Stat(f.path); err == nil { // if not, opening it tells
			j.total += info.Size()
		}
	}
	return j, nil
}

// firstTime returns the time of a file's first packet, the largest there is if
// there is none. What is wrong with the file is told when it is read.
func firstTime(path string, b *capture.Batch) int64 {
	r, err := Open(path, Options{BatchPackets: 1})
	if err != nil {
		return math.MaxInt64
	}
	defer r.Close()
	if r.Read(b) != nil {
		return math.MaxInt64
	}
	return b.Packets[0].Time
}

// Read fills b from the present file or the first next one that has packets.
func (j *Joined) Read(b *capture.Batch) error {
	b.Packets = b.Packets[:0]
	for {
		if j.now == nil && !j.advance() {
			return j.result()
		}
		err := j.now.Read(b)
		done, size := j.now.Progress()
		j.done.Store(j.past + done)
		if err == nil {
			j.renumber(b)
			return nil
		}
		if err != io.EOF {
			j.faults = append(j.faults, err)
		}
		j.past += size
		j.leave()
	}
}

// Progress returns how many bytes of the files, as they lie on disk, were read,
// and the sum of their sizes. It may be called while Read runs.
func (j *Joined) Progress() (done, total int64) { return j.done.Load(), j.total }

func (j *Joined) result() error {
	if err := errors.Join(j.faults...); err != nil {
		return err
	}
	return io.EOF
}

// advance opens the next file that can be opened.
func (j *Joined) advance() bool {
	for j.next < len(j.paths) {
		r, err := Open(j.paths[j.next], j.opt)
		j.next++
		if err == nil {
			j.now, j.local = r, j.local[:0]
			return true
		}
		j.faults = append(j.faults, err)
		j.ends = append(j.ends, j.before)
	}
	return false
}

// leave closes the present file and keeps what it counted.
func (j *Joined) leave() {
	j.adopt()
	for i, f := range j.now.Interfaces() {
		if i < len(j.local) {
			j.base[j.local[i]] += f.Dropped
		}
	}
	s := j.now.Stats()
	j.stats.Packets += s.Packets
	j.stats.Bytes += s.Bytes
	j.stats.Dropped += s.Dropped
	j.stats.Skipped += s.Skipped
	j.before += j.now.Records()
	j.ends = append(j.ends, j.before)
	j.now.Close() // nothing was written: a failure to close loses nothing
	j.now = nil
}

func (j *Joined) renumber(b *capture.Batch) {
	j.adopt()
	for i := range b.Packets {
		p := &b.Packets[i]
		p.Num += j.before
		p.If = j.local[p.If]
	}
}

// adopt finds or makes a joined interface for each new one of the present file.
func (j *Joined) adopt() {
	for _, f := range j.now.Interfaces()[len(j.local):] {
		f.Dropped = 0
		k, ok := j.index[f]
		if !ok && len(j.ifs) < maxInterface { // beyond: counts as the first
			k = uint16(len(j.ifs))
			j.ifs, j.base = append(j.ifs, f), append(j.base, 0)
			j.index[f] = k
		}
		j.local = append(j.local, k)
	}
}

// Interfaces lists the interfaces of all files read so far.
func (j *Joined) Interfaces() []capture.Interface {
	ifs := slices.Clone(j.ifs)
	for i := range ifs {
		ifs[i].Dropped = j.base[i]
	}
	if j.now != nil {
		for i, f := range j.now.Interfaces()[:len(j.local)] {
			ifs[j.local[i]].Dropped += f.Dropped
		}
	}
	return ifs
}

// Stats sums up the files read so far.
func (j *Joined) Stats() capture.Stats {
	s := j.stats
	if j.now != nil {
		t := j.now.Stats()
		s.Packets += t.Packets
		s.Bytes += t.Bytes
		s.Dropped += t.Dropped
		s.Skipped += t.Skipped
	}
	return s
}

// FileOf returns which file the packet of a joined number is from, and its
// number there. It knows the packets read so far.
func (j *Joined) FileOf(num uint64) (name string, numInFile uint64) {
	i := sort.Search(len(j.ends), func(i int) bool { return num <= j.ends[i] })
	if i == len(j.ends) && j.now == nil {
		return "", 0
	}
	start := uint64(0)
	if i > 0 {
		start = j.ends[i-1]
	}
	return j.paths[i], num - start
}

// Close closes the present file.
func (j *Joined) Close() error {
	if j.now == nil {
		return nil
	}
	return j.now.Close()
}
