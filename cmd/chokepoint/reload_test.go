package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"chokepoint/classify/service"
)

// TestReload: the latest rules wait to be taken up; wrong ones change nothing.
func TestReload(t *testing.T) {
	var log strings.Builder
	an := &analysis{app: &app{log: zerolog.New(&log)}}
	fresh := make(chan *service.Rules, 1)
	first, second := &service.Rules{}, &service.Rules{}
	load := func(r *service.Rules, err error) func() (*service.Rules, error) {
		return func() (*service.Rules, error) { return r, err }
	}
	an.reload(load(first, nil), fresh)
	an.reload(load(second, nil), fresh)
	an.reload(load(nil, errors.New("my.yaml:3: a fault\x1b[31m")), fresh)
	if got := <-fresh; got != second {
		t.Errorf("not the latest rules")
	}
	select {
	case <-fresh:
		t.Errorf("rules nobody read")
	default:
	}
	if text := log.String(); !strings.Contains(text, "my.yaml:3: a fault") || strings.Contains(text, "\x1b") {
		t.Errorf("log %q", text)
	}
	if !fromPipe([]input{{name: "a.pcap"}, {name: "-"}}) || fromPipe([]input{{name: "a.pcap"}}) {
		t.Errorf("what comes from a pipe is not known")
	}
}
