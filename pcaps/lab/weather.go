package lab

import "time"

// Weather is what a network does to all packets alike beside what a scenario has it
// do. The zero value is a fair day.
type Weather struct {
	Loss    float64 // probability, each way
	Reorder float64 // probability that a packet is overtaken by others
}

// overtaken is for how long.
const overtaken = 4 * time.Millisecond

// over has the weather come over a world that is ready to play. What the middlebox
// sends is lost as anything else: half of the losses are on either side of it.
func (on Weather) over(w *World) {
	if on == (Weather{}) {
		return
	}
	for d := range w.Near {
		w.Near[d].Loss = both(w.Near[d].Loss, on.Loss/2)
		w.Far[d].Loss = both(w.Far[d].Loss, on.Loss/2)
		if w.Far[d].Reorder < on.Reorder {
			w.Far[d].Reorder, w.Far[d].ReorderBy = on.Reorder, overtaken
		}
	}
}

// both is the share lost of two links in a row.
func both(a, b float64) float64 { return 1 - (1-a)*(1-b) }
