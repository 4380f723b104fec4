package main

import (
	"runtime"
	"runtime/metrics"
)

// heapMetric is what runtime/metrics calls objects that live, or did a moment ago.
const heapMetric = "/memory/classes/heap/objects:bytes"

// pulse says what the process costs: for who lets it run for weeks, and sees
// whether that grows.
func (w *watching) pulse() {
	s := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(s)
	goroutines, heap := runtime.NumGoroutine(), s[0].Value.Uint64() // the runtime's own goroutines do not count
	w.log.Info().Int("goroutines", goroutines).Uint64("heap", heap).Msgf("%d goroutines, %d MB of heap", goroutines, heap>>20)
}

// beside is for what is kept beside flows: findings, answers, names, batches. Under
// load that was 150 MB.
const beside = 256 << 20

// heapLimit is where the collector begins to work harder, bytes; up to there the heap
// may double between two collections. Who watches for weeks has a full budget some
// day, of connections whose end nobody saw: a limit below what lives then would have
// the collector run all the time, and packets be lost meanwhile.
func heapLimit(budget int64) int64 { return budget + beside }
