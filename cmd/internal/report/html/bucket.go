package html

// level is how full a bucket was in a span of time, bytes.
type level struct {
	spread
	missed int // segments that were missing
}

func (l *level) add(o *level) {
	l.merge(&o.spread)
	l.missed += o.missed
}

// bucket is the account of a token bucket, made anew from the packets that passed it: it
// is full at the first, each takes its IP bytes, and time fills it up to the burst. What
// passes although it holds too little says that rate or burst are estimated too low: that
// is summed up, and the account goes on at 0.
type bucket struct {
	rate, burst float64 // bytes/s of IP, bytes
	tokens      float64
	last        int64
	bins        bins[level, *level]
	charged     map[charge]uint32
	begun       bool
	passes      int
	passed      float64 // bytes
	over        float64 // of them, beyond what the account held
}

// charge is a segment that was charged for, and may turn out to have been dropped behind
// the tap.
type charge struct {
	of  *trace
	seq int64
}

// maxCharged bounds what can be given back.
const maxCharged = 65536

func newBucket(bps, burst float64) *bucket {
	return &bucket{rate: bps / 8, burst: burst, charged: map[charge]uint32{}}
}

// pass charges a packet of so many IP bytes. One that comes again although the tap had
// seen it was dropped behind the tap: then the first had taken no tokens.
func (b *bucket) pass(t *trace, now int64, size uint32, s segSort, seq int64) {
	if !b.begun {
		b.begun, b.tokens, b.last = true, b.burst, now
	}
	b.tokens = min(b.burst, b.tokens+b.rate*float64(now-b.last)/1e9)
	b.last = now
	l := b.bins.at(now)
	if k := (charge{t, seq}); s == again {
		if given, ok := b.charged[k]; ok {
			b.tokens = min(b.burst, b.tokens+float64(given))
			delete(b.charged, k)
			l.missed++
		}
	} else if len(b.charged) < maxCharged {
		b.charged[k] = size
	}
	l.put(b.tokens)
	if b.tokens -= float64(size); b.tokens < 0 { // it did pass: the estimate is off by so much
		b.over -= b.tokens
		b.tokens = 0
	}
	l.put(b.tokens)
	b.passes++
	b.passed += float64(size)
}

// missed notes a segment that had not come.
func (b *bucket) missed(at int64) { b.bins.at(at).missed++ }
