package jsonl

import (
	"reflect"
	"strings"
	"testing"
)

func TestRecordsOfJoinedFilesSayWhichFileAPacketIsFrom(t *testing.T) {
	locate := func(num uint64) (string, uint64) {
		if num > 8 {
			return "ring_2.pcap", num - 8
		}
		return "ring_1.pcap", num
	}
	var b strings.Builder
	r := New(&b)
	meta := sampleMeta()
	meta.Locate = locate
	if err := r.Begin(meta); err != nil {
		t.Fatal(err)
	}
	if err := r.Finding(sampleFinding()); err != nil {
		t.Fatal(err)
	}
	if err := r.Flow(sampleFlow(), nil); err != nil {
		t.Fatal(err)
	}
	if err := r.End(sampleStats()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	f := object(t, lines[1])
	want := object(t, `{"refs":[{"packet":4,"file":"ring_1.pcap","n":4},
		{"packet":9,"file":"ring_2.pcap","n":1},{"packet":11,"file":"ring_2.pcap","n":3}]}`)
	if !reflect.DeepEqual(f["refs"], want["refs"]) {
		t.Errorf("refs: got %v, want %v", f["refs"], want["refs"])
	}
	if got := f["filter"]; got != "frame.number==1||frame.number==3" {
		t.Errorf("filter: got %v", got)
	}
	if got := object(t, lines[2])["file"]; got != "ring_2.pcap" {
		t.Errorf("file of the flow: got %v", got)
	}
	s := compiled(t)
	for _, line := range lines[:4] {
		if err := s.Validate(object(t, line)); err != nil {
			t.Error(err)
		}
	}
}
