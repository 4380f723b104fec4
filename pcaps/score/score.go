package score

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps"
)

// Of analyses every capture of the cases and keeps score. It is as fast as there
// are processors.
func Of(cases []pcaps.Case) (*Score, error) {
	type capture struct {
		of   *pcaps.Case
		file pcaps.File
	}
	var all []capture
	for i := range cases {
		for _, f := range cases[i].Files {
			all = append(all, capture{&cases[i], f})
		}
	}
	judged, faults := make([]Judgement, len(all)), make([]error, len(all))
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for i, c := range all {
		places <- struct{}{}
		running.Go(func() {
			judged[i], faults[i] = judgeFile(c.of, c.file)
			<-places
		})
	}
	running.Wait()
	return Tallied(judged), errors.Join(faults...)
}

func judgeFile(c *pcaps.Case, f pcaps.File) (Judgement, error) {
	src, err := pcapfile.New(bytes.NewReader(f.Bytes), f.Name, pcapfile.Options{BatchPackets: 1})
	if err != nil {
		return Judgement{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	defer src.Close()
	said, err := Observe(src)
	if err != nil {
		return Judgement{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	return Judge(c.Name, f.Name, &c.Truth, said), nil
}
