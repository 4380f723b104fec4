package html

import "math"

// maxBins is how many spans of time one is cut into at most: more than a plot has room
// for on most screens, and each is some 2 pixels wide on a large one.
const maxBins = 640

// firstWidth is how wide a bin is at first, ns: below a round trip.
const firstWidth = 10_000_000

// bins are sums over spans of time. They get twice as wide whenever there would be too
// many, and lie at multiples of their width, so that those of several flows can be laid
// side by side. The zero value is ready.
type bins[T any, P interface {
	*T
	add(o *T)
}] struct {
	width int64 // ns; 0: nothing was added
	from  int64 // index of the first
	list  []T
}

// at is the bin of a time, ns.
func (b *bins[T, P]) at(ns int64) *T {
	if b.width == 0 {
		b.width, b.from, b.list = firstWidth, floorDiv(ns, firstWidth), make([]T, 1)
	}
	for {
		i := floorDiv(ns, b.width)
		lo, hi := min(i, b.from), max(i, b.from+int64(len(b.list))-1)
		if hi-lo >= maxBins {
			b.widen()
			continue
		}
		if lo < b.from {
			b.list = append(make([]T, b.from-lo), b.list...)
			b.from = lo
		}
		for int64(len(b.list)) <= hi-b.from {
			b.list = append(b.list, *new(T))
		}
		return &b.list[i-b.from]
	}
}

// widen makes one bin of each two.
func (b *bins[T, P]) widen() {
	from := floorDiv(b.from, 2)
	last := floorDiv(b.from+int64(len(b.list))-1, 2)
	out := make([]T, last-from+1)
	for i := range b.list {
		P(&out[floorDiv(b.from+int64(i), 2)-from]).add(&b.list[i])
	}
	b.from, b.list, b.width = from, out, 2*b.width
}

// wide returns them at a width not below their own, which is a multiple of it by a power
// of two.
func (b *bins[T, P]) wide(width int64) bins[T, P] {
	out := *b
	for out.width != 0 && out.width < width {
		out.widen()
	}
	return out
}

// start is when a bin begins, ns.
func (b *bins[T, P]) start(i int) int64 { return (b.from + int64(i)) * b.width }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// extent is how wide bins are, and when the first and the last begin, ns.
type extent struct{ width, first, last int64 }

func (b *bins[T, P]) extent() extent { return extent{b.width, b.start(0), b.start(len(b.list) - 1)} }

// grid is a width of bins that fits all of some, not below the least, and the indices of
// the first and the last of so many as a plot has room for.
func grid(all []extent, least int64) (width, lo, hi int64) {
	for _, e := range all {
		width = max(width, e.width)
	}
	span := func() {
		lo, hi = math.MaxInt64, math.MinInt64
		for _, e := range all {
			lo, hi = min(lo, floorDiv(e.first, width)), max(hi, floorDiv(e.last, width))
		}
	}
	for span(); width < least || hi-lo >= plotBins; span() {
		width *= 2
	}
	return width, lo, hi
}
