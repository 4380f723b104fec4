//go:build linux

package packets

import (
	"testing"

	"github.com/cilium/ebpf"
)

func TestX(t *testing.T) {
	p, err := Load(Config{Payloads: 12, Whole: 4096, Head: 32})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer p.Close()
	for _, x := range []*ebpf.Program{p.EtherIn, p.EtherOut, p.IPIn, p.IPOut} {
		i, _ := x.Info()
		v, _ := i.VerifiedInstructions()
		j, _ := i.JitedSize()
		t.Log(v, j)
	}
}
