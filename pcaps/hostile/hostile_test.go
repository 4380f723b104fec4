package hostile

import (
	"bytes"
	"testing"
)

func TestTheCaptureCarriesTheAttacksAndIsTheSameEachTime(t *testing.T) {
	b, err := Capture()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Capture()
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("another one: %v", err)
	}
	for _, name := range Names {
		if n := bytes.Count(b, []byte(name)); n < 4 { // asked for, in a hello, in the clear, in a certificate
			t.Errorf("%q is in it %d times", name, n)
		}
	}
	if !bytes.Contains(b, []byte(Long[:1000])) {
		t.Error("nothing is long")
	}
}
