package html

import (
	"fmt"
	"math"

	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/packets"
)

// leastMedia is the shortest span of which the loss of a call is shown, ns: some 25
// packets of speech.
const leastMedia = 500_000_000

// mediaGrid lays both directions over the same spans.
func (t *mediaTrace) grid() (ways [2]mediaBins, width, lo, hi int64) {
	var laid []extent
	for d := range t.ways {
		if t.ways[d].width != 0 {
			laid = append(laid, t.ways[d].extent())
		}
	}
	width, lo, hi = grid(laid, leastMedia)
	for d := range t.ways {
		ways[d] = t.ways[d].wide(width)
	}
	return ways, width, lo, hi
}

// mediaPlot plots a figure of each span, both ways; nothing where of gives none.
func (c *Capture) mediaPlot(t *mediaTrace, unit string, of func(m *mediaSpan) float64) (*plotData, int64) {
	if t.ways[fact.Up].width == 0 && t.ways[fact.Down].width == 0 {
		return nil, 0
	}
	ways, width, lo, hi := t.grid()
	p := &plotData{Kind: "lines", Unit: unit, Zero: true}
	for i := lo; i <= hi; i++ {
		p.X = append(p.X, c.since(i*width+width/2))
	}
	some := false
	for d, name := range [2]string{"to the server", "to the client"} {
		s := plotSeries{Label: name, Class: fact.Dir(d).String()}
		for i := lo; i <= hi; i++ {
			v := nothing
			if j := i - ways[d].from; ways[d].width != 0 && j >= 0 && j < int64(len(ways[d].list)) {
				v = of(&ways[d].list[j])
			}
			some = some || !math.IsNaN(v)
			s.Y = append(s.Y, v)
		}
		p.Series = append(p.Series, s)
	}
	if !some {
		return nil, 0
	}
	return p, width
}

func (c *Capture) lossPlot(id fact.FlowID, t *mediaTrace) *plotView {
	p, width := c.mediaPlot(t, "%", func(m *mediaSpan) float64 {
		if m.expected == 0 {
			return nothing
		}
		return 100 * float64(m.lost) / float64(m.expected)
	})
	if p == nil {
		return nil
	}
	text := fmt.Sprintf("%s: packets missing by their RTP numbers, in spans of %s.", c.called(id), packets.Span(width))
	for d, name := range [2]string{"to the server", "to the client"} {
		var sum mediaSpan
		for i := range t.ways[d].list {
			sum.add(&t.ways[d].list[i])
		}
		if sum.expected > 0 {
			text += fmt.Sprintf(" %d of %d missing %s.", sum.lost, sum.expected, name)
		}
	}
	return &plotView{Title: "Loss", Data: p, Caption: text}
}

func (c *Capture) jitterPlot(id fact.FlowID, t *mediaTrace) *plotView {
	p, width := c.mediaPlot(t, "ms", func(m *mediaSpan) float64 {
		if m.jitter.n == 0 {
			return nothing
		}
		return m.jitter.max
	})
	if p == nil {
		return nil
	}
	return &plotView{Title: "Jitter", Data: p, Caption: fmt.Sprintf("%s: interarrival jitter of RFC 3550, the most in each %s.", c.called(id), packets.Span(width))}
}

func (c *Capture) gapPlot(id fact.FlowID, t *mediaTrace) *plotView {
	p, width := c.mediaPlot(t, "ms", func(m *mediaSpan) float64 {
		if m.packets == 0 {
			return nothing
		}
		return m.gap
	})
	if p == nil {
		return nil
	}
	longest := 0.0
	for d := range t.ways {
		for i := range t.ways[d].list {
			longest = max(longest, t.ways[d].list[i].gap)
		}
	}
	return &plotView{Title: "Gaps", Data: p, Caption: fmt.Sprintf("%s: the longest time between two packets, in each %s. The longest of all is %s.",
		c.called(id), packets.Span(width), packets.Span(int64(longest*1e6)))}
}
