package web

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxListeners is how many may listen at once: browsers, of people who look.
const maxListeners = 16

// hub hands updates to those who listen. Whoever is slow gets the newest only.
type hub struct {
	times
	quit chan struct{}
	once sync.Once

	mu        sync.Mutex
	listeners map[chan []byte]bool
	last      []byte        // the event told last
	asleep    chan struct{} // wakes run when somebody comes
}

func (h *hub) init(t times) {
	h.times, h.quit, h.listeners, h.asleep = t, make(chan struct{}), map[chan []byte]bool{}, make(chan struct{}, 1)
}

func (h *hub) close() { h.once.Do(func() { close(h.quit) }) }

// run looks for updates as long as somebody listens.
func (h *hub) run(r Renderer, every time.Duration, say func(string)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	defer func() {
		if p := recover(); p != nil { // the capture goes on
			say(fmt.Sprint("a fault of chokepoint, the page is not brought up to date any more: ", p))
		}
	}()
	for {
		select {
		case <-h.quit:
			return
		case <-h.asleep:
		case <-tick.C:
		}
		if !h.heard() {
			continue
		}
		news, err := r.Update()
		if err != nil {
			panic(err) // of our own templates: a fault of ours, too
		}
		h.tell(event(news))
	}
}

// heard reports whether anybody listens.
func (h *hub) heard() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) > 0
}

// tell hands an event to all, unless it says nothing new.
func (h *hub) tell(e []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if bytes.Equal(e, h.last) {
		return
	}
	h.last = e
	for l := range h.listeners {
		put(l, e)
	}
}

// put replaces what a listener has not read yet. Only one goroutine puts at a time.
func put(l chan []byte, e []byte) {
	select {
	case <-l:
	default:
	}
	l <- e
}

// join returns a place to listen at, nil when there is none left.
func (h *hub) join() chan []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= maxListeners {
		return nil
	}
	l := make(chan []byte, 1)
	h.listeners[l] = true
	if h.last != nil {
		put(l, h.last)
	}
	select {
	case h.asleep <- struct{}{}: // what was told last may be old
	default:
	}
	return l
}

func (h *hub) leave(l chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// event writes an update as server-sent events are (HTML standard, section 9.2.6): a
// line end of any kind begins a new field.
func event(update []byte) []byte {
	var b bytes.Buffer
	b.WriteString("event: update\n")
	update = bytes.ReplaceAll(update, []byte("\r\n"), []byte("\n"))
	update = bytes.ReplaceAll(update, []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(update, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// serve tells one client of updates until it goes away, is too slow, or the server
// ends.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	if r.Method == http.MethodHead {
		head.Set("Content-Type", "text/event-stream")
		return
	}
	l := h.join()
	if l == nil {
		head.Set("Retry-After", "10")
		http.Error(w, "too many listen already", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(l)
	head.Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(b []byte) bool {
		if out.SetWriteDeadline(time.Now().Add(h.read)) != nil {
			return false
		}
		if _, err := w.Write(b); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	alive := time.NewTicker(h.pulse)
	defer alive.Stop()
	for next := []byte("retry: 3000\n\n"); send(next); {
		select {
		case <-h.quit:
			return
		case <-r.Context().Done():
			return
		case next = <-l:
		case <-alive.C:
			next = []byte(":\n\n")
		}
	}
}
