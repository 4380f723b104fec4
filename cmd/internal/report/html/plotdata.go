package html

import (
	"math"
	"strconv"
)

// nums are figures as a plot takes them: null where there is none, to a millionth at most.
type nums []float64

// MarshalJSON implements json.Marshaler.
func (n nums) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 8*len(n)+2)
	out = append(out, '[')
	for i, v := range n {
		if i > 0 {
			out = append(out, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out = append(out, "null"...)
			continue
		}
		out = strconv.AppendFloat(out, math.Round(v*1e6)/1e6, 'f', -1, 64)
	}
	return append(out, ']'), nil
}

// plotView is a plot with what it shows in words.
type plotView struct {
	ID      string
	Title   string
	Caption string
	Thinned string // what was left out of it; "" nothing
	Data    *plotData
	Full    string // instead of data: why there is none
}

// plotData is what the script draws. Times are in seconds since the capture's first packet.
type plotData struct {
	Kind   string       `json:"kind"` // lines, sequence
	Unit   string       `json:"unit"` // bit/s, bytes, ms, %, packets/s
	Zero   bool         `json:"zero"` // the axis begins at 0
	X      nums         `json:"x,omitempty"`
	Series []plotSeries `json:"series,omitempty"`
	Levels []plotLevel  `json:"levels,omitempty"` // horizontal lines
	Marks  nums         `json:"marks,omitempty"`  // times of losses
	// Of a sequence plot: time, number and length of segments, one after the other, by
	// sort; acknowledgements as time and number.
	Fresh  nums `json:"fresh,omitempty"`
	Again  nums `json:"again,omitempty"`
	Filled nums `json:"filled,omitempty"`
	Gone   nums `json:"gone,omitempty"`
	Acks   nums `json:"acks,omitempty"`
}

type plotSeries struct {
	Label string `json:"label"` // foreign text
	Class string `json:"class"` // subject, control, sum, up, down, least, most
	Y     nums   `json:"y"`
}

type plotLevel struct {
	Label string  `json:"label"`
	Y     float64 `json:"y"`
}

// points is how much of the page's budget a plot takes.
func (p *plotData) points() int {
	n := len(p.X) + len(p.Marks) + len(p.Fresh) + len(p.Again) + len(p.Filled) + len(p.Gone) + len(p.Acks)
	for i := range p.Series {
		n += len(p.Series[i].Y)
	}
	return n
}

// highest is the most that a series of a class reaches.
func (p *plotData) highest(class string) (most float64) {
	for i := range p.Series {
		for _, v := range p.Series[i].Y {
			if p.Series[i].Class == class && v > most {
				most = v
			}
		}
	}
	return most
}

// nothing is the absence of a figure.
var nothing = math.NaN()
