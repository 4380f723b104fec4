package defrag

import "bytes"

// Bounds of a Table.
const (
	// MaxBytes of fragments are kept: Linux's default, net.ipv4.ipfrag_high_thresh
	// (include/net/inet_frag.h, net/ipv4/ip_fragment.c: 4 MiB).
	MaxBytes = 4 << 20
	// MaxDatagrams are put together at once: one for each KiB of MaxBytes, so
	// that what a datagram costs besides its bytes stays below them.
	MaxDatagrams = MaxBytes >> 10
	// TimeoutV4 is how long an IPv4 datagram waits for its fragments, ns: Linux's
	// default, net.ipv4.ipfrag_time (IP_FRAG_TIME in include/net/ip.h: 30 s).
	TimeoutV4 = 30_000_000_000
	// TimeoutV6 is the same for IPv6 (RFC 8200 section 4.5: 60 s).
	TimeoutV6 = 60_000_000_000
)

// Counts says what became of fragments and datagrams. All but Joined,
// Duplicates, Malformed and Clipped count datagrams that were given up.
type Counts struct {
	Joined     uint64 // datagrams put together
	TimedOut   uint64 // fragments missing when the time was up
	Evicted    uint64 // put out for newer ones
	Dropped    uint64 // IPv6, for overlaps (RFC 5722 section 4)
	TooBig     uint64 // longer than 65535 bytes
	Overlaps   uint64 // fragments that overlap others with other content
	Duplicates uint64 // fragments that repeat what is there
	Malformed  uint64 // fragments no sender should make
	Clipped    uint64 // fragments the snaplen cut: their datagrams cannot be joined
}

// Table joins fragments. Make one with [NewTable].
type Table struct {
	open   map[key]*datagram
	ages   [2]queue // IPv4 and IPv6, oldest first
	bytes  int
	counts Counts
	spare  []memory // of datagrams that were put together
}

// memory is what a datagram was put together in.
type memory struct {
	data   []byte
	pieces []piece
}

// maxSpare is how many are kept for datagrams to come: 4 MiB at the very most,
// as much as those under way may hold.
const maxSpare = 64

// NewTable returns an empty table.
func NewTable() *Table { return &Table{open: map[key]*datagram{}} }

// Counts returns what was counted so far.
func (t *Table) Counts() Counts { return t.counts }

// Len returns how many datagrams wait for fragments, those given up but
// remembered included.
func (t *Table) Len() int { return len(t.open) }

// Add takes a fragment. If it completes a datagram, Add returns that, in memory
// of its own: an IP datagram whose header says no more that it was fragmented.
//
// Where fragments of IPv4 overlap, the bytes that came first hold; an IPv6
// datagram is dropped with all fragments still to come (RFC 5722 section 4).
func (t *Table) Add(f *Fragment) (whole []byte, ok bool) {
	switch {
	case f.malformed():
		t.counts.Malformed++
		return nil, false
	case len(f.Data) < f.Len:
		t.counts.Clipped++
		return nil, false
	}
	if f.whole() {
		return t.alone(f)
	}
	d := t.find(f)
	if d == nil {
		d = t.start(f)
	}
	if !d.dead {
		t.accept(d, f)
	}
	t.shrink(d, f.Time)
	if d.have != d.total {
		return nil, false
	}
	// The first fragment may have a longer header than those measured before.
	if f.fits(len(d.header), d.total) {
		t.counts.Joined++
		t.remove(d)
		whole = d.assemble()
		t.reuse(d)
		return whole, true
	}
	t.giveUp(d, &t.counts.TooBig)
	return nil, false
}

// alone makes a datagram of a fragment that is all of it, whatever else waits
// under its identification (RFC 6946 section 4).
func (t *Table) alone(f *Fragment) ([]byte, bool) {
	if !f.fits(len(f.Header), f.Len) {
		t.counts.TooBig++
		return nil, false
	}
	t.counts.Joined++
	b := append(bytes.Clone(f.Header), f.Data...)
	finish(b, len(f.Header), f.V6, f.NextAt, f.Proto)
	return b, true
}

// accept puts a fragment into its datagram, or gives the datagram up.
func (t *Table) accept(d *datagram, f *Fragment) {
	end := f.Off + f.Len
	if !f.fits(len(f.Header), end) {
		t.giveUp(d, &t.counts.TooBig)
		return
	}
	touches, repeats := d.overlaps(f)
	if repeats {
		t.counts.Duplicates++
		if f.More || d.total == end {
			return
		}
	}
	pastEnd := d.total >= 0 && end > d.total
	twoEnds := !f.More && (d.total >= 0 && d.total != end || d.reach() > end)
	if touches && !repeats || pastEnd || twoEnds {
		t.counts.Overlaps++
		if f.V6 {
			t.giveUp(d, &t.counts.Dropped)
			return
		}
		if pastEnd || twoEnds { // the end that came first holds
			return
		}
	}
	if !f.More {
		d.total = end
	}
	before := d.cost()
	if f.Off == 0 && d.header == nil {
		d.header, d.nextAt, d.proto = bytes.Clone(f.Header), f.NextAt, f.Proto
	}
	d.insert(f)
	t.bytes += d.cost() - before
}

// find returns the datagram f belongs to, unless its time is up.
func (t *Table) find(f *Fragment) *datagram {
	d := t.open[f.key()]
	if d != nil && d.expired(f.Time) {
		t.expire(d)
		return nil
	}
	return d
}

func (t *Table) start(f *Fragment) *datagram {
	d := &datagram{key: f.key(), first: f.Time, total: -1}
	if n := len(t.spare); n > 0 {
		d.data, d.pieces = t.spare[n-1].data, t.spare[n-1].pieces
		t.spare = t.spare[:n-1]
		t.bytes += d.cost()
	}
	t.open[d.key] = d
	t.age(d).push(d)
	return d
}

// shrink puts the oldest datagrams out until the rest keeps to the bounds. The
// one just added to, keep, is the last to go.
func (t *Table) shrink(keep *datagram, now int64) {
	for t.bytes > MaxBytes || len(t.open) > MaxDatagrams {
		d := t.oldest(keep)
		if d.expired(now) {
			t.expire(d)
			continue
		}
		if !d.dead {
			t.counts.Evicted++
		}
		t.remove(d)
	}
}

// oldest returns the datagram to put out next.
func (t *Table) oldest(keep *datagram) *datagram {
	var old *datagram
	for i := range t.ages {
		d := t.ages[i].oldest
		if d == keep {
			d = d.newer
		}
		if d != nil && (old == nil || d.first < old.first) {
			old = d
		}
	}
	if old == nil {
		return keep
	}
	return old
}

// Expire gives up the datagrams whose time is up at now, ns since the epoch.
// Call it as packet time passes: Add looks only at the datagram it adds to.
func (t *Table) Expire(now int64) {
	for i := range t.ages {
		for d := t.ages[i].oldest; d != nil && d.expired(now); d = t.ages[i].oldest {
			t.expire(d)
		}
	}
}

func (d *datagram) expired(now int64) bool {
	limit := int64(TimeoutV4)
	if d.key.v6 {
		limit = TimeoutV6
	}
	return now > d.first && uint64(now-d.first) > uint64(limit) // as unsigned it does not overflow
}

func (t *Table) expire(d *datagram) {
	if !d.dead {
		t.counts.TimedOut++
	}
	t.remove(d)
	t.reuse(d)
}

// reuse keeps the memory of a datagram for those to come.
func (t *Table) reuse(d *datagram) {
	m := memory{d.data[:0], d.pieces[:0]}
	d.data, d.pieces = nil, nil
	switch least := t.leastSpare(); {
	case m.data == nil:
	case len(t.spare) < maxSpare:
		t.spare = append(t.spare, m)
	case cap(t.spare[least].data) < cap(m.data):
		t.spare[least] = m
	}
}

// leastSpare is the index of the smallest memory kept.
func (t *Table) leastSpare() (least int) {
	for i := range t.spare {
		if cap(t.spare[i].data) < cap(t.spare[least].data) {
			least = i
		}
	}
	return least
}

// giveUp forgets the bytes of a datagram, but not the datagram: its other
// fragments must not begin a new one.
func (t *Table) giveUp(d *datagram, count *uint64) {
	*count++
	t.bytes -= d.cost()
	t.reuse(d)
	d.header, d.dead = nil, true
	d.have, d.total = 0, -1
}

func (t *Table) remove(d *datagram) {
	delete(t.open, d.key)
	t.age(d).drop(d)
	t.bytes -= d.cost()
}

// cost is what a datagram counts towards MaxBytes: the memory it holds.
func (d *datagram) cost() int { return len(d.header) + cap(d.data) + pieceCost*cap(d.pieces) }

func (t *Table) age(d *datagram) *queue {
	if d.key.v6 {
		return &t.ages[1]
	}
	return &t.ages[0]
}
