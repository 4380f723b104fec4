package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
	"chokepoint/pcaps/page"
	"chokepoint/pcaps/score"
)

// playSweep plays rates drawn at random and tells what is found of them. That
// something is missed breaks nothing; that somebody is accused falsely does. The seed
// draws: the same is played again by it and -only.
func (o *options) playSweep(out io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("the lab needs root")
	}
	settings := map[*lab.Scenario]scenes.Setting{}
	var all []*lab.Scenario
	for _, d := range scenes.Sweep(o.seed, o.sweep) {
		all, settings[d.Scenario] = append(all, d.Scenario), d.Setting
	}
	var sweep score.Sweep
	fair := func(*lab.Scenario) lab.Beside { return lab.Beside{} }
	err := o.rounds(o.able(all), o.seed, fair, func(s *lab.Scenario, r *lab.Recording, starved string) (again bool, err error) {
		c := page.Case(s, r)
		run, err := score.Judged(&c, o.seed, starved)
		if err != nil {
			return false, err
		}
		setting := settings[s]
		swept := score.Swept{Run: run, What: setting.String(), Classes: setting.Classes()}
		worth, which := swept.WorthKeeping(), "play"
		if starved != "" {
			which = "starved"
		}
		if worth && o.keep != "" {
			swept.Kept = filepath.Join(o.keep, s.Name+"-"+which)
		}
		sweep = append(sweep, swept)
		return starved != "", o.keepPlay(worth, r, which)
	})
	fmt.Fprint(out, sweep.Markdown())
	if n := len(sweep.False()); err == nil && n > 0 {
		err = refusal([]string{fmt.Sprintf("%d false claims", n)})
	}
	return err
}
