package track

import (
	"testing"
	"unsafe"

	"chokepoint/classify/flow"
)

// TestRecordSizes: the budget holds a million flows only while records stay
// small.
func TestRecordSizes(t *testing.T) {
	if n := unsafe.Sizeof(flow.Entry[Flow]{}); n > 352 {
		t.Errorf("a flow takes %d bytes", n)
	} else {
		t.Logf("a flow takes %d bytes, a side %d, a work %d, an extra %d", n, unsafe.Sizeof(side{}), workSize, extraSize)
	}
}
