package talk

import "time"

// Chat is n turns of a messenger that stays connected: a keep-alive whenever every
// has passed, and in place of each fourth a burst of messages.
func Chat(n int, every time.Duration) (out []Turn) {
	const burst = 3
	for i := range n {
		if i%4 != 3 {
			out = append(out, Turn{Wait: every, Ask: 40, Answer: 40})
			continue
		}
		out = append(out, Turn{Wait: every, Ask: 420, Think: 15 * time.Millisecond, Answer: 120})
		for k := range burst {
			out = append(out, Turn{Wait: 150 * time.Millisecond, Ask: 180 + 230*k, Think: 15 * time.Millisecond, Answer: 90 + 700*k})
		}
	}
	return out
}

// Download asks for n bytes.
func Download(n int) Turn { return Turn{Ask: 350, Think: 5 * time.Millisecond, Answer: n} }

// Upload sends n bytes.
func Upload(n int) Turn { return Turn{Ask: n, Think: 10 * time.Millisecond, Answer: 250} }

// Page is what a browser asks for when a page is opened: text, then what belongs
// to it.
func Page() []Turn {
	out := []Turn{{Ask: 450, Think: 40 * time.Millisecond, Answer: 32_000}}
	for _, n := range [...]int{18_000, 91_000, 6_500, 140_000, 2_100, 38_000} {
		out = append(out, Turn{Wait: 4 * time.Millisecond, Ask: 380, Think: 3 * time.Millisecond, Answer: n})
	}
	return out
}

// Video is a film in n chunks, the first three at once, then one whenever every
// has passed. rates are bits/s of the qualities; the player tries a better one
// every fourth chunk, as adaptive players do that find room.
func Video(n int, every time.Duration, rates ...int) (out []Turn) {
	const filling = 3
	for i := range n {
		rate := rates[min(i/4, len(rates)-1)]
		t := Turn{Ask: 520, Think: 8 * time.Millisecond, Answer: int(float64(rate) / 8 * every.Seconds())}
		if i >= filling {
			t.Wait = every
		}
		out = append(out, t)
	}
	return out
}

// Paced asks for what the server has at a rate only, bits/s: a live stream. A
// client of it never sees the path's capacity.
func Paced(bps int, lasts time.Duration) Turn {
	const every = 20 * time.Millisecond
	return Turn{Ask: 350, Answer: int(float64(bps) / 8 * lasts.Seconds()), Pace: Pace{max(int(float64(bps)/8*every.Seconds()), 1), every}}
}

// Idle is a pause.
func Idle(d time.Duration) Turn { return Turn{Wait: d} }
