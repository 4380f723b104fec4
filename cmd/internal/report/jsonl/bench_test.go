package jsonl

import (
	"io"
	"testing"
)

func BenchmarkFlow(b *testing.B) {
	r, f, ids := New(io.Discard), sampleFlow(), []string{"f3"}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Flow(f, ids); err != nil {
			b.Fatal(err)
		}
	}
}
