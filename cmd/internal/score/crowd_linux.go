package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/crowd"
	"chokepoint/pcaps/score"
)

// playCrowd has a crowd live, in chunks, until there are flows enough, and holds that
// nobody is accused. Captures in which somebody is are kept.
func (o *options) playCrowd(out io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("the lab needs root")
	}
	var c score.Crowd
	var failed error
	began := time.Now()
	for n := int(o.seed); c.Flows < o.crowd && failed == nil; n += o.jobs {
		var chunks []*lab.Scenario
		weather := map[*lab.Scenario]lab.Weather{}
		for i := range o.jobs {
			s := crowd.Scenario(n + i)
			chunks = append(chunks, s)
			weather[s] = crowd.Weather(n + i)
		}
		lab.PlayAllBeside(context.Background(), chunks, o.seed, o.jobs, func(s *lab.Scenario) lab.Beside { return lab.Beside{Weather: weather[s]} },
			func(s *lab.Scenario, r *lab.Recording, err error) {
				if err == nil {
					err = o.chunk(&c, s, r)
				}
				failed = errors.Join(failed, err)
			})
	}
	fmt.Fprint(out, c.Markdown())
	fmt.Fprintf(os.Stderr, "score: %d flows in %v\n", c.Flows, time.Since(began).Round(time.Second))
	return errors.Join(failed, refusal(c.Broken()))
}

func (o *options) chunk(c *score.Crowd, s *lab.Scenario, r *lab.Recording) error {
	src, err := pcapfile.New(bytes.NewReader(r.Files["client.pcapng"]), s.Name, pcapfile.Options{BatchPackets: 1})
	if err != nil {
		return err
	}
	defer src.Close()
	said, err := score.Observe(src)
	if err != nil {
		return err
	}
	what := s.Truth.What
	if r.Late.Starved() {
		what += "; starved: " + r.Late.String()
	}
	if c.Add(s.Name, what, said) && o.keep != "" {
		return r.Write(filepath.Join(o.keep, fmt.Sprintf("%s-seed%d", s.Name, o.seed)), lab.WriteOptions{Compress: true})
	}
	return nil
}
