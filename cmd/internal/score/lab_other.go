//go:build !linux

package main

import (
	"errors"
	"io"

	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

var errLinux = errors.New("the lab needs Linux, and so does the page")

// fresh would play the lab's scenarios.
func fresh(*options, uint64, *beside.Report) (score.Runs, error) { return nil, errLinux }

func (o *options) playMatrix() error { return errLinux }

func (o *options) playCrowd(io.Writer) error { return errLinux }

func (o *options) playSweep(io.Writer) error { return errLinux }

// whole would make the page.
func whole() (*score.Score, string, error) { return nil, "", errLinux }
