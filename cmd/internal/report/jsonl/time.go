package jsonl

import (
	"math"
	"time"

	"chokepoint/classify/fact"
)

// stamp is a time of the capture as records write it: RFC 3339, UTC, always
// nine digits of a second, so that text sorts as time does.
type stamp time.Time

// ns returns the stamp of a packet time.
func ns(t int64) stamp { return stamp(time.Unix(0, t)) }

// MarshalText implements encoding.TextMarshaler.
func (s stamp) MarshalText() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000000000Z"), nil
}

// stampOf returns a stamp, nil for no time.
func stampOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// ms returns a duration in milliseconds with three decimals: captures are no
// more exact, and shorter numbers are the same on every machine.
func ms(d time.Duration) float64 { return thousandths(float64(d) / float64(time.Millisecond)) }

// thousandths rounds to three decimals.
func thousandths(x float64) float64 { return math.Round(x*1000) / 1000 }

// optMs returns a duration in milliseconds, nil when it was not seen.
func optMs(d fact.Opt[time.Duration]) *float64 {
	if !d.Ok {
		return nil
	}
	v := ms(d.V)
	return &v
}
